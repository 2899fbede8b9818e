"""Clusters of the sources of a result."""

from typing import Any

import xarray as xr

from neurashed.clustering.choices import Evidence, Method, Normalize, Undefined
from neurashed.clustering.num_clusters import NumClusters
from neurashed.clustering.partition import cluster_similarity
from neurashed.clustering.square import read_square, source_coordinates

__all__ = ["cluster_by_elasticity"]

# A step that helps a probe lowers its loss: here what is most negative is most alike.
_MEASURES_TO_NEGATE = {"loss_change"}


def cluster_by_elasticity(
    result: xr.DataArray,
    num_clusters: int | None = None,
    *,
    method: Method = "kernel_k_means",
    normalize: Normalize = "cosine",
    num_neighbors: int | None = None,
    evidence: Evidence = "eigengap",
    undefined: Undefined = "refuse",
    random_state: int = 0,
) -> xr.Dataset:
    """Cluster the sources of a result by how they move each other.

    Both directions of each pair are averaged, and a change of loss is negated so that helping
    counts as alike. What follows is said in `cluster_similarity`.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.
        num_clusters: How many clusters; None to choose by evidence.
        method: ``"kernel_k_means"``, ``"k_means_on_rows"``, ``"spectral"`` or ``"eigenmaps"``.
        normalize: ``"none"``, ``"cosine"``, ``"center"`` or ``"center_cosine"``.
        num_neighbors: Neighbors of each example where a graph is used; None for ``⌈log₂ n⌉``.
        evidence: What chooses the number of clusters: ``"eigengap"`` or ``"silhouette"``.
        undefined: Whether sources with undefined values are refused or left out.
        random_state: A seed.

    Returns:
        ``cluster``, ``typicality`` and ``margin`` along ``source``, with the coordinates of the
        sources. A source that was left out has cluster -1 and NaN. Settings, sizes, the ids left
        out, the evidence and the provenance of the result are attributes.

    Example:
        >>> import numpy as np
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.arange(4))
        >>> values = np.kron(np.eye(2), np.ones((2, 2))) + 0.1
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="relative", units="1",
        ...                           provenance={})
        >>> cluster_by_elasticity(result, 2)["cluster"].values
        array([0, 0, 1, 1])

    References:
        The Local Elasticity of Neural Networks (He, Su, 2020), https://arxiv.org/abs/1910.06943
    """
    similarity = read_square(result)
    if result.attrs["measure"] in _MEASURES_TO_NEGATE:
        similarity = -similarity
    clusters = cluster_similarity(
        similarity,
        num_clusters,
        method=method,
        normalize=normalize,
        num_neighbors=num_neighbors,
        evidence=evidence,
        undefined=undefined,
        random_state=random_state,
    )
    return xr.Dataset(
        {
            "cluster": ("source", clusters.labels),
            "typicality": ("source", clusters.typicality),
            "margin": ("source", clusters.margin),
        },
        coords=source_coordinates(result),
        attrs={
            "measure": result.attrs["measure"],
            "num_clusters": clusters.num_clusters,
            "sizes": clusters.sizes.tolist(),
            "method": method,
            "normalize": normalize,
            "num_neighbors": clusters.num_neighbors,
            "undefined": undefined,
            "left_out": result["source"].to_numpy()[~clusters.kept].tolist(),
            "evidence": _describe_evidence(clusters.evidence),
            "random_state": random_state,
            "provenance": result.attrs["provenance"],
        },
    )


def _describe_evidence(evidence: NumClusters | None) -> dict[str, Any] | None:
    if evidence is None:
        return None
    return {
        "evidence": evidence.evidence,
        "candidates": evidence.candidates.tolist(),
        "values": evidence.values.tolist(),
    }
