"""From a bare array of elasticities to a result with names, labels and provenance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from neurashed.errors import InputError, InputTypeError
from neurashed.results.dimensions import (
    EXAMPLE_DIMS,
    LEADING_DIMS,
    LONG_NAMES,
    TRAILING_DIMS,
)
from neurashed.results.jsonable import to_jsonable
from neurashed.results.thumbnails import check_thumbnails, pack_thumbnails

__all__ = ["AxisLabels", "label_elasticity"]


@dataclass(frozen=True, eq=False)
class AxisLabels:
    """How one axis of examples is labelled and shown.

    Attributes:
        ids: Whole numbers or strings ``(example,)``, each different.
        labels: Class names shown to people ``(example,)``.
        fine_labels: A second, finer label ``(example,)``.
        thumbnails: Gray or RGB images ``(example, row, column[, 3])`` in uint8.
        texts: A text for each example ``(example,)``.

    Raises:
        InputError: If lengths differ, an id occurs twice, or thumbnails are no images.
        InputTypeError: If ids or labels are neither whole numbers nor strings.

    Example:
        >>> axis = AxisLabels(ids=np.arange(2), labels=np.array(["cat", "dog"]))
        >>> len(axis)
        2
    """

    ids: np.ndarray
    labels: np.ndarray | None = None
    fine_labels: np.ndarray | None = None
    thumbnails: np.ndarray | None = None
    texts: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Bring everything into its form and check it."""
        ids = _as_ids(self.ids)
        object.__setattr__(self, "ids", ids)
        for name in ("labels", "fine_labels", "texts"):
            if getattr(self, name) is not None:
                texts = _as_texts(getattr(self, name), name)
                object.__setattr__(self, name, texts)
                _check_length(texts, len(ids), name)
        if self.thumbnails is not None:
            check_thumbnails(self.thumbnails)
            _check_length(self.thumbnails, len(ids), "thumbnails")

    def __len__(self) -> int:
        """Return how many examples the axis has."""
        return len(self.ids)

    def coordinates(self, axis: str) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
        """Return the coordinates of an axis.

        Args:
            axis: ``"source"`` or ``"probe"``.

        Returns:
            Dimensions and values by coordinate name, in the form `xarray.DataArray` takes.
        """
        coords: dict[str, tuple[tuple[str, ...], np.ndarray]] = {axis: ((axis,), self.ids)}
        for suffix, values in (
            ("label", self.labels),
            ("fine_label", self.fine_labels),
            ("text", self.texts),
        ):
            if values is not None:
                coords[f"{axis}_{suffix}"] = ((axis,), values)
        if self.thumbnails is not None:
            coords[f"{axis}_thumbnail"] = ((axis,), pack_thumbnails(self.thumbnails))
        return coords


def label_elasticity(
    values: np.ndarray,
    *,
    sources: AxisLabels,
    probes: AxisLabels,
    name: str,
    units: str,
    provenance: Mapping[str, Any],
    extra_dims: Sequence[str] | Mapping[str, np.ndarray | None] = (),
    source_coords: Mapping[str, np.ndarray] | None = None,
) -> xr.DataArray:
    """Put names, labels, units and provenance on an array of elasticities.

    Shapes and labels that do not fit each other are refused with an `InputError`.

    Args:
        values: Real numbers ``(source, probe)``; with extra dimensions,
            ``(step, seed, layer, source, probe, source_output, output)`` less those not named.
        sources: Labels of the sources.
        probes: Labels of the probes.
        name: The measure, such as ``"relative"``.
        units: What the values are measured in; ``"1"`` for plain numbers.
        provenance: Where the values come from, anything that JSON can hold.
        extra_dims: Further dimensions, or a mapping from them to their coordinate values.
        source_coords: One value for each source by name, such as ``self_response``.

    Returns:
        The result, an array named after its measure.

    Raises:
        InputTypeError: If values are neither float32 nor float64.

    Example:
        >>> axis = AxisLabels(ids=np.arange(2))
        >>> result = label_elasticity(np.eye(2), sources=axis, probes=axis, name="relative",
        ...                           units="1", provenance={"dtype": "float64"})
        >>> result.dims
        ('source', 'probe')
    """
    if values.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
        message = f"values have dtype {values.dtype}; give float32 or float64"
        raise InputTypeError(message)
    dims = _order_dims(tuple(extra_dims))
    _check_shape(values, dims, {"source": len(sources), "probe": len(probes)})
    coords = {**sources.coordinates("source"), **probes.coordinates("probe")}
    if isinstance(extra_dims, Mapping):
        coords |= {dim: ((dim,), at) for dim, at in extra_dims.items() if at is not None}
    for coordinate, at_sources in (source_coords or {}).items():
        _check_length(at_sources, len(sources), coordinate)
        coords[coordinate] = (("source",), at_sources)
    attrs = {
        "measure": name,
        "units": units,
        "long_name": LONG_NAMES.get(name, name.replace("_", " ")),
        "provenance": to_jsonable(provenance, "provenance"),
    }
    return xr.DataArray(values, dims=dims, coords=coords, name=name, attrs=attrs)


def _as_ids(ids: np.ndarray) -> np.ndarray:
    if ids.ndim != 1 or not len(ids):
        message = f"ids have shape {ids.shape}; give one id for each of at least one example"
        raise InputError(message)
    array = ids.astype(np.int64) if ids.dtype.kind in "iu" else _as_texts(ids, "ids")
    unique, counts = np.unique(array, return_counts=True)
    if len(unique) < len(array):
        message = f"id {unique[counts.argmax()]!s} occurs {counts.max()} times; make ids unique"
        raise InputError(message)
    return array


def _as_texts(values: np.ndarray, name: str) -> np.ndarray:
    is_text = values.dtype.kind in "UTiu" or all(isinstance(one, str) for one in values.flat)
    if not is_text:
        message = f"{name} have dtype {values.dtype}; give strings or whole numbers"
        raise InputTypeError(message)
    texts = np.array([str(one) for one in values.ravel().tolist()], dtype=str).reshape(values.shape)
    try:
        "".join(texts.ravel().tolist()).encode()
    except UnicodeEncodeError as error:
        message = f"{name} hold {error.object[error.start]!a}, which is no character; remove it"
        raise InputError(message) from error
    return texts


def _check_length(values: np.ndarray, num_examples: int, name: str) -> None:
    if values.shape[:1] != (num_examples,) or (values.ndim != 1 and name != "thumbnails"):
        message = (
            f"{name} have shape {values.shape} and there are {num_examples} examples; "
            "give one for each example"
        )
        raise InputError(message)


def _order_dims(extra: tuple[str, ...]) -> tuple[str, ...]:
    unknown = set(extra) - {*LEADING_DIMS, *TRAILING_DIMS}
    if unknown:
        message = (
            f"{sorted(unknown)} are no dimensions of results; "
            f"use some of {[*LEADING_DIMS, *TRAILING_DIMS]}"
        )
        raise InputError(message)
    leading = [dim for dim in LEADING_DIMS if dim in extra]
    trailing = [dim for dim in TRAILING_DIMS if dim in extra]
    return (*leading, *EXAMPLE_DIMS, *trailing)


def _check_shape(array: np.ndarray, dims: tuple[str, ...], sizes: Mapping[str, int]) -> None:
    shape = dict(zip(dims, array.shape, strict=False))
    fits = array.ndim == len(dims) and all(shape[dim] == size for dim, size in sizes.items())
    if not fits:
        message = (
            f"values have shape {array.shape} where dimensions {dims} with "
            f"{sizes['source']} sources and {sizes['probe']} probes are expected; "
            "give labels that match the values"
        )
        raise InputError(message)
