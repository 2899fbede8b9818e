"""Clusters by features from landmarks, of more examples than their similarities fit in memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from neurashed.clustering.choices import (
    Evidence,
    Normalize,
    Undefined,
    check_choice,
)
from neurashed.clustering.landmarks import landmark_features
from neurashed.clustering.membership import membership_from_sums
from neurashed.clustering.num_clusters import choose_num_clusters
from neurashed.clustering.partition import (
    Clusters,
    check_num_clusters,
    cluster_features,
    spread_clusters,
)

__all__ = ["Nystrom", "cluster_by_landmarks"]


@dataclass(frozen=True)
class Nystrom:
    """The method ``"nystrom"`` with a number of landmarks of one's own.

    Attributes:
        num_landmarks: How many examples are landmarks, at most.
    """

    num_landmarks: int = 500


def cluster_by_landmarks(
    result: xr.DataArray,
    num_clusters: int | None = None,
    *,
    num_landmarks: int = Nystrom.num_landmarks,
    normalize: Normalize = "cosine",
    evidence: Evidence = "eigengap",
    undefined: Undefined = "refuse",
    sign: int = 1,
    random_state: int = 0,
) -> tuple[Clusters, dict[str, Any]]:
    """Cluster by k-means on features that come from similarities with landmarks.

    That is kernel k-means for the kernel ``C W⁻¹ Cᵀ`` of `landmark_features`, in time and memory
    proportional to the number of examples. The number of clusters is chosen among the landmarks.

    Args:
        result: A result of any size in which every source is also a probe.
        num_clusters: How many clusters; None to choose by evidence.
        num_landmarks: How many examples are landmarks, at most.
        normalize: What is done with sizes and the mean.
        evidence: What chooses the number of clusters.
        undefined: Whether examples with undefined similarities are refused or left out.
        sign: -1 if what is smallest is most alike.
        random_state: A seed.

    Returns:
        The clusters, and what else is to be known of how they were found.
    """
    check_choice(normalize, Normalize, what="normalize")
    check_choice(evidence, Evidence, what="evidence")
    found = landmark_features(
        result,
        min(num_landmarks, result.sizes["source"]),
        normalize=normalize,
        undefined=undefined,
        sign=sign,
        random_state=random_state,
    )
    check_num_clusters(num_clusters, len(found.features))
    chosen = None
    if num_clusters is None:
        among = found.features[found.landmarks]
        chosen = choose_num_clusters(among @ among.T, evidence=evidence, random_state=random_state)
        num_clusters = chosen.num_clusters
    labels = cluster_features(found.features, num_clusters, random_state)
    members = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float64)
    sums = found.features @ (found.features.T @ members)
    own = (found.features**2).sum(axis=1)
    typicality, margin = membership_from_sums(sums, own, labels)
    clusters = Clusters(
        labels=labels,
        num_clusters=int(labels.max()) + 1,
        typicality=typicality,
        margin=margin,
        kept=np.ones(len(labels), dtype=bool),
        method="nystrom",
        normalize=normalize,
        num_neighbors=None,
        evidence=chosen,
    )
    return spread_clusters(clusters, found.kept), {
        "num_landmarks": len(found.landmarks),
        "num_features": found.features.shape[1],
        "negative_share": found.negative_share,
    }
