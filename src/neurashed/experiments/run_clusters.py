"""Clusters of the sources of a run that was measured before, of any size."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import xarray as xr

from neurashed.clustering import (
    Evidence,
    Method,
    Normalize,
    Nystrom,
    ResultMethod,
    Undefined,
    agreement,
    cluster_by_elasticity,
)
from neurashed.errors import InputError, StoreError
from neurashed.experiments.cluster_files import CLUSTERS_FILE, write_clusters
from neurashed.results import (
    RunFolder,
    clusters_path,
    open_clusters,
    open_top_probes,
    save_clusters,
)

__all__ = ["RunClusterSettings", "cluster_run"]

_LOGGER = logging.getLogger(__name__)
# Methods that hold all similarities need several times 8 bytes for each pair.
_MOST_HELD = 30_000
# The finest first.
_CLASSES = ("source_fine_label", "source_label")


@dataclass(frozen=True)
class RunClusterSettings:
    """Everything that clusters of a run depend on, besides the run.

    Attributes:
        num_clusters: How many clusters; chosen by evidence if None.
        method: A method of `neurashed.clustering.cluster_by_elasticity`; chosen by the size of the
            result if None.
        num_landmarks: How many landmarks ``"nystrom"`` takes, at most; it alone has any.
        normalize: ``"none"``, ``"cosine"``, ``"center"`` or ``"center_cosine"``.
        num_neighbors: Neighbors of each example where a graph is used.
        evidence: What chooses the number of clusters: ``"eigengap"`` or ``"silhouette"``.
        undefined: ``"refuse"`` or ``"drop"``.
        seed: Seed of everything.
    """

    num_clusters: int | None = None
    method: ResultMethod | None = None
    num_landmarks: int | None = None
    normalize: Normalize = "cosine"
    num_neighbors: int | None = None
    evidence: Evidence = "eigengap"
    undefined: Undefined = "refuse"
    seed: int = 0


def cluster_run(path: Path, settings: RunClusterSettings, *, overwrite: bool = False) -> xr.Dataset:
    """Cluster the sources of a run's main result, and keep the clusters in the run folder.

    Of a run that kept its strongest probes alone, those are clustered. The clusters lie beside the
    results, for the report, and one line for each source in ``clusters.csv``. What was clustered by
    the same settings before is not clustered again.

    Args:
        path: The folder of a run that came to its end.
        settings: How to cluster.
        overwrite: Whether to replace clusters that are there.

    Returns:
        What `neurashed.clustering.cluster_by_elasticity` returns, of the coordinates at least the
        ids and labels; the settings are among the attributes.

    Raises:
        StoreError: If the run did not come to its end.
    """
    run = RunFolder.open(path)
    if not run.record.finished:
        message = f"{path} holds a run that did not come to its end; run it again as it was started"
        raise StoreError(message)
    result = _open(run)
    place = clusters_path(run)
    if place.exists() and not overwrite:
        known = open_clusters(place)
        _check_same(known, settings, path)
        _LOGGER.info("%s holds these clusters already; nothing is computed", path)
        return known.assign_coords(_read_classes(result))
    clusters = _cluster(result, settings)
    clusters.attrs |= {"settings": asdict(settings), **_score(clusters)}
    write_clusters(clusters, path / CLUSTERS_FILE)
    save_clusters(clusters, place)
    return clusters


def _open(run: RunFolder) -> xr.DataArray | xr.Dataset:
    if not run.record.results and run.top_probes_path.exists():
        return open_top_probes(run.top_probes_path)
    # Damage in a part of a large result is found when that part is read.
    return run.result(run.main_name, verify="sizes")


def _check_same(known: xr.Dataset, settings: RunClusterSettings, path: Path) -> None:
    before, asked = known.attrs["settings"], asdict(settings)
    changed = [
        f"{name} {before.get(name)} then, {value} now"
        for name, value in asked.items()
        if before.get(name) != value
    ]
    if changed:
        message = (
            f"{path} has clusters by other settings ({'; '.join(changed)}); "
            "replace them (overwrite=True, --overwrite)"
        )
        raise StoreError(message)


def _read_classes(result: xr.DataArray | xr.Dataset) -> dict[str, xr.Variable]:
    return {name: result[name].variable for name in _CLASSES if name in result.coords}


def _cluster(result: xr.DataArray | xr.Dataset, settings: RunClusterSettings) -> xr.Dataset:
    num_sources, method = result.sizes["source"], settings.method
    if method in get_args(Method) and num_sources > _MOST_HELD:
        message = (
            f"method {method!r} holds all similarities, {8e-9 * num_sources**2:.0f} GB for "
            f"{num_sources:,} sources, several times; use 'nystrom' or 'top_k_graph'"
        )
        raise InputError(message)
    return cluster_by_elasticity(
        result,
        settings.num_clusters,
        method=_choose_method(settings),
        normalize=settings.normalize,
        num_neighbors=settings.num_neighbors,
        evidence=settings.evidence,
        undefined=settings.undefined,
        random_state=settings.seed,
    )


def _score(clusters: xr.Dataset) -> dict[str, Any]:
    """Return the agreement with the finest classes that are known, if there are several."""
    classes = next((name for name in _CLASSES if name in clusters.coords), None)
    if classes is None or len(np.unique(clusters[classes])) < 2:
        return {}
    found = agreement(clusters["cluster"].to_numpy(), clusters[classes].to_numpy())
    scores = {name: getattr(found, name) for name in ("accuracy", "nmi", "ari")}
    return {
        "agreement": {
            "clusters": {
                name: {"mean": score, "standard_deviation": None, "low": None, "high": None}
                for name, score in scores.items()
            }
        }
    }


def _choose_method(settings: RunClusterSettings) -> ResultMethod | Nystrom | None:
    if settings.num_landmarks is None:
        return settings.method
    if settings.method != "nystrom":
        message = (
            f"{settings.num_landmarks} landmarks are asked for and method is {settings.method!r}; "
            "landmarks are of method 'nystrom'"
        )
        raise InputError(message)
    return Nystrom(settings.num_landmarks)
