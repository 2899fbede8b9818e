"""Which examples go with one, by what a network does and by what the pictures look like."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from scipy.spatial.distance import cdist

from neurashed.errors import InputError
from neurashed.results import read_thumbnails

__all__ = ["Neighbors", "find_by_pixels", "find_by_response", "read_pictures"]


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The probes that go with a source, the closest first; the source itself is left out.

    Attributes:
        ids: Their ids ``(neighbor,)``.
        labels: Their labels ``(neighbor,)``.
        thumbnails: Their pictures ``(neighbor, row, column)``.
        values: Elasticity, or distance in gray levels, of each ``(neighbor,)``.
        share_of_kind: Over all sources, which share of so many neighbors has the source's label.
    """

    ids: np.ndarray
    labels: np.ndarray
    thumbnails: np.ndarray
    values: np.ndarray
    share_of_kind: float


def find_by_response(result: xr.DataArray, source: int | str, num_neighbors: int) -> Neighbors:
    """Return the probes that a step on the source moves most.

    Args:
        result: Values ``(source, probe)`` with labels and thumbnails.
        source: Id of the source.
        num_neighbors: How many.

    Returns:
        The neighbors; values are elasticities.
    """
    values = result.transpose("source", "probe").to_numpy()
    return _pick(result, source, num_neighbors, values, -np.abs(values))


def find_by_pixels(result: xr.DataArray, source: int | str, num_neighbors: int) -> Neighbors:
    """Return the probes whose pictures are closest to that of the source.

    Args:
        result: Values ``(source, probe)`` with labels and gray thumbnails.
        source: Id of the source.
        num_neighbors: How many.

    Returns:
        The neighbors; values are Euclidean distances.
    """
    pictures = [
        images.reshape(len(images), -1).astype(float)
        for images in (read_pictures(result, "source"), read_pictures(result, "probe"))
    ]
    distances = cdist(pictures[0], pictures[1])
    return _pick(result, source, num_neighbors, distances, distances)


def read_pictures(result: xr.DataArray, axis: Literal["source", "probe"]) -> np.ndarray:
    """Return the thumbnails of an axis.

    Args:
        result: A result.
        axis: Whose thumbnails to return.

    Returns:
        Images ``(example, row, column[, 3])`` in uint8.

    Raises:
        InputError: If the result has none.
    """
    images = read_thumbnails(result, axis)
    if images is None:
        message = f"the result has no thumbnails of its {axis}s; measure examples with thumbnails"
        raise InputError(message)
    return images


def _pick(
    result: xr.DataArray,
    source: int | str,
    num_neighbors: int,
    values: np.ndarray,
    order_by: np.ndarray,
) -> Neighbors:
    sources, probes = result["source"].to_numpy(), result["probe"].to_numpy()
    if source not in sources:
        message = f"no source has the id {source}; the first are {sources[:10].tolist()}"
        raise InputError(message)
    is_itself = sources[:, None] == probes[None]
    # Undefined values sort after all others, and the source itself after those.
    order_by = np.where(np.isnan(order_by), np.inf, order_by)
    closest = np.argsort(np.where(is_itself, np.nan, order_by), axis=1, kind="stable")
    closest = closest[:, :num_neighbors]
    labels = result["probe_label"].to_numpy()
    is_same_kind = labels[closest] == result["source_label"].to_numpy()[:, None]
    row = int(np.flatnonzero(sources == source)[0])
    chosen = closest[row]
    return Neighbors(
        ids=probes[chosen],
        labels=labels[chosen],
        thumbnails=read_pictures(result, "probe")[chosen],
        values=values[row, chosen],
        share_of_kind=float(is_same_kind.mean()),
    )
