"""The examples of an axis as they travel inside the page."""

import json
from typing import Any, Literal

import numpy as np
import xarray as xr

from neurashed.report.encoding import EncodedArray, encode_array, encode_text
from neurashed.report.sprites import Sheets, make_sheets
from neurashed.results import read_thumbnails

__all__ = ["EncodedAxis", "encode_axes", "is_same_set"]

_MOST_THUMBNAIL_BYTES = 16_000_000
_MOST_TEXT_BYTES = 16_000_000
_MOST_TEXT_CHARACTERS = 600
_FEWEST_TEXT_CHARACTERS = 60

Axis = Literal["source", "probe"]
EncodedAxis = dict[str, Any]


def encode_axes(
    result: xr.DataArray,
) -> tuple[dict[str, EncodedAxis | None], dict[str, Sheets]]:
    """Return the examples of both axes in the form that the page's script reads.

    Args:
        result: A result; its values are not read.

    Returns:
        ``sources`` and ``probes``, the latter None where they are the sources; and the sheets of
        their thumbnails, by the name of the axis.
    """
    is_same = is_same_set(result)
    axes: tuple[Axis, ...] = ("source",) if is_same else ("source", "probe")
    sheets = {}
    for axis in axes:
        images = read_thumbnails(result, axis)
        if images is not None:
            sheets[f"{axis}s"] = make_sheets(images, _MOST_THUMBNAIL_BYTES // len(axes))
    encoded = {f"{axis}s": _encode(result, axis, sheets.get(f"{axis}s")) for axis in axes}
    return {"probes": None, **encoded}, sheets


def is_same_set(result: xr.DataArray) -> bool:
    """Return whether sources and probes are the same examples in the same order."""
    suffixes = ("", "_label", "_fine_label", "_text", "_thumbnail")
    pairs = [
        (result.coords.get(f"source{one}"), result.coords.get(f"probe{one}")) for one in suffixes
    ]
    return all(
        np.array_equal(source.values, probe.values)
        if source is not None and probe is not None
        else source is probe
        for source, probe in pairs
    )


def _encode(result: xr.DataArray, axis: Axis, sheets: Sheets | None) -> EncodedAxis:
    texts = _read(result, f"{axis}_text")
    return {
        "ids": _encode_texts(result[axis].values.astype(str).tolist()),
        "labels": _encode_labels(_read(result, f"{axis}_label")),
        "fineLabels": _encode_labels(_read(result, f"{axis}_fine_label")),
        "texts": None if texts is None else _encode_texts(_cut_texts(texts.tolist())),
        "thumbnails": None if sheets is None else _describe_sheets(sheets),
    }


def _read(result: xr.DataArray, name: str) -> np.ndarray | None:
    return result[name].values.astype(str) if name in result.coords else None


def _encode_texts(texts: list[str]) -> str:
    return encode_text(json.dumps(texts, ensure_ascii=False))


def _encode_labels(labels: np.ndarray | None) -> dict[str, list[str] | EncodedArray] | None:
    if labels is None:
        return None
    names, numbers = np.unique(labels, return_inverse=True)
    return {
        "names": names.tolist(),
        "numbers": encode_array(numbers.astype(np.uint32)),
    }


def _cut_texts(texts: list[str]) -> list[str]:
    most = min(max(_MOST_TEXT_BYTES // len(texts), _FEWEST_TEXT_CHARACTERS), _MOST_TEXT_CHARACTERS)
    return [text if len(text) <= most else f"{text[:most]}…" for text in texts]


def _describe_sheets(sheets: Sheets) -> dict[str, int | str]:
    return {
        "height": sheets.height,
        "width": sheets.width,
        "columns": sheets.columns,
        "perSheet": sheets.per_sheet,
        "mediaType": sheets.media_type,
    }
