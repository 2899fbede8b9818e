"""The clusters of a run's sources, in a small file beside the results."""

import json
from pathlib import Path

import numpy as np
import xarray as xr

from neurashed.errors import StoreError
from neurashed.results.atomic import write_json
from neurashed.results.jsonable import to_jsonable
from neurashed.results.run import RunFolder

__all__ = ["attach_clusters", "clusters_path", "open_clusters", "save_clusters"]

_COLUMNS = {"cluster": np.int64, "typicality": np.float64, "margin": np.float64}


def clusters_path(run: RunFolder) -> Path:
    """Return where the clusters of a run lie, if it has any; they go when it is made again.

    Args:
        run: The run folder.

    Returns:
        The path of a file.
    """
    return run.path / "results" / "clusters.json"


def save_clusters(clusters: xr.Dataset, path: Path) -> None:
    """Write clusters as JSON, whole or not at all.

    Args:
        clusters: ``cluster``, ``typicality`` and ``margin`` along ``source``, with attributes.
        path: The file; one that is there is replaced.
    """
    content = {
        "source": clusters["source"].values,
        **{name: clusters[name].values for name in _COLUMNS},
        "attrs": clusters.attrs,
    }
    write_json(path, to_jsonable(content, "clusters"))


def open_clusters(path: Path) -> xr.Dataset:
    """Read clusters that `save_clusters` wrote.

    Args:
        path: The file.

    Returns:
        The clusters, with the ids of the sources and no other coordinates.

    Raises:
        StoreError: If the file cannot be read or holds no clusters.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        columns = {
            name: ("source", np.array(content[name], dtype=dtype))
            for name, dtype in _COLUMNS.items()
        }
        return xr.Dataset(columns, coords={"source": content["source"]}, attrs=content["attrs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} holds no clusters: {error}; remove it and cluster again"
        raise StoreError(message) from error


def attach_clusters(result: xr.DataArray, clusters: xr.Dataset) -> xr.DataArray:
    """Give the sources of a result their clusters as coordinates.

    Args:
        result: A result, which may be lazy.
        clusters: Clusters of its sources.

    Returns:
        The result with ``cluster``, ``typicality`` and ``margin`` along ``source``, and what is
        known of the clusters in its provenance under ``clusters``.

    Raises:
        StoreError: If they are of other sources.
    """
    if not np.array_equal(result["source"].values, clusters["source"].values):
        message = (
            f"the clusters are of {clusters.sizes['source']:,} sources with other ids than the "
            f"result's {result.sizes['source']:,}; cluster again"
        )
        raise StoreError(message)
    clustered = result.assign_coords({name: ("source", clusters[name].values) for name in _COLUMNS})
    about = {name: value for name, value in clusters.attrs.items() if name != "provenance"}
    clustered.attrs["provenance"] = {**result.attrs["provenance"], "clusters": about}
    return clustered
