"""Thumbnails as sheets of many: a browser unpacks a sheet when it first shows an image of it."""

import base64
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

__all__ = ["Sheets", "make_sheets", "shrink_thumbnails"]

# Small sheets: two dozen probes from anywhere among 60,000 examples lie on as many sheets.
_COLUMNS = 16
_PER_SHEET = _COLUMNS**2
_NUM_TRIED = 2
_WEBP_QUALITY = 80


@dataclass(frozen=True)
class Sheets:
    """Images of one size, row by row on sheets of 16 by 16.

    Attributes:
        height: Rows of pixels of an image.
        width: Columns of pixels of an image.
        columns: How many images stand side by side.
        per_sheet: How many images a sheet holds.
        media_type: ``"image/png"``, exact, or ``"image/webp"``.
        sheets: Each sheet as a file, in base64.
    """

    height: int
    width: int
    columns: int
    per_sheet: int
    media_type: str
    sheets: list[str]


@dataclass(frozen=True)
class _Form:
    """How images are made small."""

    factor: int
    is_exact: bool


def make_sheets(images: np.ndarray, most_bytes: int) -> Sheets:
    """Return images on sheets, as exact as their number allows.

    Exact at full size if that is small enough; else with losses that few see (WebP), and at half,
    a third, ... of their size.

    Args:
        images: Images ``(example, row, column[, channel])`` in uint8.
        most_bytes: About how many bytes all sheets may have; judged by the first and the middle.

    Returns:
        The sheets.

    Example:
        >>> make_sheets(np.zeros((300, 28, 28), np.uint8), 1_000_000).media_type
        'image/png'
    """
    smallest_side = min(images.shape[1:3])
    forms = [_Form(1, is_exact=True)]
    forms += [_Form(factor, is_exact=False) for factor in range(1, smallest_side + 1)]
    form = next((form for form in forms if _predict_bytes(images, form) <= most_bytes), forms[-1])
    height, width = (side // form.factor for side in images.shape[1:3])
    return Sheets(
        height=height,
        width=width,
        columns=_COLUMNS,
        per_sheet=_PER_SHEET,
        media_type="image/png" if form.is_exact else "image/webp",
        sheets=[base64.b64encode(_encode(part, form)).decode("ascii") for part in _cut(images)],
    )


def shrink_thumbnails(thumbnails: np.ndarray, factor: int) -> np.ndarray:
    """Return thumbnails with each block of ``factor`` by ``factor`` pixels averaged.

    Args:
        thumbnails: Images ``(example, row, column[, channel])`` in uint8.
        factor: How many pixels become one; rows and columns left over are cut off.

    Returns:
        Smaller images in uint8.

    Example:
        >>> shrink_thumbnails(np.full((1, 5, 4), 8, np.uint8), 2).shape
        (1, 2, 2)
    """
    if factor == 1:
        return thumbnails
    count, height, width = thumbnails.shape[0], *(size // factor for size in thumbnails.shape[1:3])
    cut = thumbnails[:, : height * factor, : width * factor]
    blocks = cut.reshape(count, height, factor, width, factor, *thumbnails.shape[3:])
    return blocks.mean(axis=(2, 4)).round().astype(np.uint8)


def _cut(images: np.ndarray) -> Iterator[np.ndarray]:
    return (images[start : start + _PER_SHEET] for start in range(0, len(images), _PER_SHEET))


def _predict_bytes(images: np.ndarray, form: _Form) -> float:
    parts = list(_cut(images))
    tried = parts[:: max(math.ceil(len(parts) / _NUM_TRIED), 1)]
    num_bytes = sum(len(_encode(part, form)) for part in tried)
    return num_bytes * len(images) / sum(map(len, tried))


def _encode(images: np.ndarray, form: _Form) -> bytes:
    """Return at most a sheet's worth of images as one file."""
    images = shrink_thumbnails(images, form.factor)
    num_rows = math.ceil(len(images) / _COLUMNS)
    full = np.zeros((num_rows * _COLUMNS, *images.shape[1:]), np.uint8)
    full[: len(images)] = images
    grid = full.reshape(num_rows, _COLUMNS, *images.shape[1:]).swapaxes(1, 2)
    pixels = grid.reshape(num_rows * images.shape[1], _COLUMNS * images.shape[2], *images.shape[3:])
    file = io.BytesIO()
    if form.is_exact:
        Image.fromarray(pixels).save(file, "PNG")
    else:
        Image.fromarray(pixels).save(file, "WEBP", quality=_WEBP_QUALITY)
    return file.getvalue()
