"""Clusters as a result that a store can hold, and as a table that people open."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurashed.experiments.whole_files import write_whole
from neurashed.subclasses import compare_approaches

__all__ = ["CLUSTERS_FILE", "label_clusters", "write_clusters"]

CLUSTERS_FILE = "clusters.csv"
_OF_EXAMPLES = ("cluster", "typicality", "margin")
# What the clusters were made with, and what speaks for their number.
_SETTINGS = ("num_clusters", "method", "normalize", "num_neighbors", "undefined", "evidence")


def label_clusters(found: xr.Dataset) -> xr.DataArray:
    """Return the similarity with the clusters as coordinates of its sources.

    Args:
        found: What `neurashed.subclasses.find_subclasses` returns.

    Returns:
        A result with ``cluster``, ``typicality`` and ``margin`` along ``source``; settings,
        evidence and agreement stand in its provenance under ``clusters``.
    """
    similarity = found["similarity"].rename(found.attrs["measure"])
    result = similarity.assign_coords({
        name: ("source", found[name].values) for name in _OF_EXAMPLES
    })
    about = {name: found.attrs[name] for name in _SETTINGS}
    about["coarse"] = found.attrs["coarse"]
    about["num_repeats"] = found.sizes["repeat"]
    if "accuracy" in found:
        about["agreement"] = _describe_agreement(found)
    if "training_loss" in found:
        about["training"] = {
            name: found[name].values.tolist()
            for name in ("training_loss", "training_accuracy", "lr_lambda_max", "dead_fraction")
        }
    result.attrs["provenance"] = {**similarity.attrs["provenance"], "clusters": _as_json(about)}
    return result


def _describe_agreement(found: xr.Dataset) -> dict[str, Any]:
    """Return, for each approach and score, mean, standard deviation and interval."""
    table = compare_approaches(found)
    return {
        str(approach): {
            str(score): {
                name: float(table[name].sel(approach=approach, score=score))
                for name in ("mean", "standard_deviation", "low", "high")
            }
            for score in table["score"].values
        }
        for approach in table["approach"].values
    }


def _as_json(value: Any) -> Any:  # noqa: ANN401
    """Return the same with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def write_clusters(found: xr.Dataset, path: Path) -> None:
    """Write one line for each example; the file appears only when it is whole.

    Columns are ``id``, ``cluster`` (-1 for one that was left out), ``typicality``, ``margin``, and
    ``fine_label`` where it is known, or else ``label`` where there are several. The lines of a
    cluster stand together, the most typical first.

    Args:
        found: What `neurashed.subclasses.find_subclasses` or
            `neurashed.clustering.cluster_by_elasticity` returns.
        path: The file; replaced if it exists.
    """
    columns = {"id": found["source"].values}
    columns |= {name: found[name].values for name in _OF_EXAMPLES}
    if "source_fine_label" in found.coords:
        columns["fine_label"] = found["source_fine_label"].values
    elif "source_label" in found.coords and len(np.unique(found["source_label"])) > 1:
        columns["label"] = found["source_label"].values
    order = np.lexsort((-columns["typicality"], columns["cluster"]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*(each[order].tolist() for each in columns.values()), strict=True))
    write_whole(path, text.getvalue())
