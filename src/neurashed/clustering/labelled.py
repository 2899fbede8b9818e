"""Clusters of the sources of a result."""

from typing import Any

import xarray as xr

from neurashed.clustering.choices import (
    Evidence,
    Normalize,
    ResultMethod,
    Undefined,
    check_choice,
)
from neurashed.clustering.large import Nystrom, cluster_by_landmarks
from neurashed.clustering.num_clusters import NumClusters
from neurashed.clustering.partition import Clusters, cluster_similarity
from neurashed.clustering.square import check_square, read_square, source_coordinates
from neurashed.clustering.top_graph import cluster_nearest, cluster_top_probes
from neurashed.errors import InputError

__all__ = ["cluster_by_elasticity"]

# A step that helps a probe lowers its loss: here what is most negative is most alike.
_MEASURES_TO_NEGATE = {"loss_change"}

# All similarities of so many sources take 0.8 GB, and methods that need them several times that.
_MOST_SOURCES = 10_000


def cluster_by_elasticity(
    result: xr.DataArray | xr.Dataset,
    num_clusters: int | None = None,
    *,
    method: ResultMethod | Nystrom | None = None,
    normalize: Normalize = "cosine",
    num_neighbors: int | None = None,
    evidence: Evidence = "eigengap",
    undefined: Undefined = "refuse",
    random_state: int = 0,
) -> xr.Dataset:
    """Cluster the sources of a result by how they move each other.

    Both directions of each pair are averaged, and a change of loss is negated so that helping
    counts as alike. What follows is said in `cluster_similarity`. Two methods more do without a
    matrix of all pairs, and so have no limit to the number of sources:

    * ``"nystrom"`` clusters by k-means on features from the similarities with 500 sources, see
      `cluster_by_landmarks`: much like ``"kernel_k_means"``; ``Nystrom(n)`` takes n of them;
    * ``"top_k_graph"`` is ``"eigenmaps"`` with neighbors found block by block, see
      `cluster_nearest`, or among top probes, see `cluster_top_probes`.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe, or
            what `neurashed.results.top_probes` keeps of one.
        num_clusters: How many clusters; None to choose by evidence.
        method: ``"kernel_k_means"``, ``"k_means_on_rows"``, ``"spectral"``, ``"eigenmaps"``,
            ``"nystrom"``, a `Nystrom` or ``"top_k_graph"``. If None, ``"top_k_graph"`` for top
            probes, ``"kernel_k_means"`` for a result of up to 10,000 sources and ``"nystrom"`` for
            a larger one.
        normalize: ``"none"``, ``"cosine"``, ``"center"`` or ``"center_cosine"``; the last two not
            for ``"top_k_graph"``.
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
    if not isinstance(result, xr.Dataset):
        check_square(result)
    nystrom = method if isinstance(method, Nystrom) else Nystrom()
    method = "nystrom" if isinstance(method, Nystrom) else method or _choose_method(result)
    check_choice(method, ResultMethod, what="method")
    sign = -1 if result.attrs["measure"] in _MEASURES_TO_NEGATE else 1
    shared: dict[str, Any] = {"undefined": undefined, "random_state": random_state}
    choices: dict[str, Any] = {"normalize": normalize, **shared}
    details: dict[str, Any] = {}
    if method == "top_k_graph":
        choices |= {"num_neighbors": num_neighbors, "sign": sign}
        if isinstance(result, xr.Dataset):
            clusters = cluster_top_probes(result, num_clusters, **choices)
        else:
            clusters = cluster_nearest(result, num_clusters, **choices)
    elif method == "nystrom":
        choices |= {"num_landmarks": nystrom.num_landmarks, "evidence": evidence}
        clusters, details = cluster_by_landmarks(
            _as_matrix(result, method), num_clusters, sign=sign, **choices
        )
    else:
        similarity = sign * read_square(_as_matrix(result, method))
        choices |= {"num_neighbors": num_neighbors, "evidence": evidence}
        clusters = cluster_similarity(similarity, num_clusters, method=method, **choices)
    return _label(clusters, result).assign_attrs(**shared, **details)


def _choose_method(result: xr.DataArray | xr.Dataset) -> ResultMethod:
    if isinstance(result, xr.Dataset):
        return "top_k_graph"
    return "kernel_k_means" if result.sizes.get("source", 0) <= _MOST_SOURCES else "nystrom"


def _as_matrix(result: xr.DataArray | xr.Dataset, method: str) -> xr.DataArray:
    if isinstance(result, xr.Dataset):
        message = (
            f"method {method!r} needs a result with all pairs, got top probes; "
            "use method='top_k_graph'"
        )
        raise InputError(message)
    return result


def _label(clusters: Clusters, result: xr.DataArray | xr.Dataset) -> xr.Dataset:
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
            "method": clusters.method,
            "normalize": clusters.normalize,
            "num_neighbors": clusters.num_neighbors,
            "left_out": result["source"].to_numpy()[~clusters.kept].tolist(),
            "evidence": _describe_evidence(clusters.evidence),
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
