"""One example in a few words and a picture, for parts of the page that need no script."""

import base64
import io
from dataclasses import dataclass
from typing import final

import numpy as np
import xarray as xr
from matplotlib.image import imsave

from neurashed.report.sprites import shrink_thumbnails
from neurashed.results import read_thumbnails

__all__ = ["Member", "MemberReader"]

_MOST_CHARACTERS = 120
# In pixels; the page shows them at 48.
_LARGEST_SIDE = 64


@dataclass(frozen=True)
class Member:
    """One example.

    Attributes:
        name: Its id.
        picture: Its thumbnail as a ``data:`` address; empty without one.
        text: The beginning of its text; empty without one.
        fine_label: Its finer label; empty without one.
        note: What is said of it here, such as ``"margin 0.12"``.
    """

    name: str
    picture: str
    text: str
    fine_label: str
    note: str


@final
class MemberReader:
    """Reads the sources of a result one by one."""

    def __init__(self, result: xr.DataArray) -> None:
        """Find out what the result knows of its sources."""
        self._result = result
        self._thumbnails = read_thumbnails(result, "source")
        self._columns = {
            name: result[f"source_{name}"].to_numpy()
            for name in ("text", "fine_label")
            if f"source_{name}" in result.coords
        }

    def read(self, place: int, noted: str = "") -> Member:
        """Return the source at a place.

        Args:
            place: Position along ``source``.
            noted: A coordinate along ``source`` whose value becomes the note, such as its label.

        Returns:
            The example.
        """
        text = self._column("text", place)
        images = self._thumbnails
        return Member(
            name=str(self._result["source"].to_numpy()[place]),
            picture="" if images is None else _encode_picture(images[place]),
            text=text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…",
            fine_label=self._column("fine_label", place),
            note=f"{noted.removeprefix('source_')} {self._write(noted, place)}" if noted else "",
        )

    def _column(self, name: str, place: int) -> str:
        return str(self._columns[name][place]) if name in self._columns else ""

    def _write(self, name: str, place: int) -> str:
        value = self._result[name].to_numpy()[place]
        return f"{value:.3f}" if isinstance(value, np.floating) else str(value)


def _encode_picture(image: np.ndarray) -> str:
    factor = max(min(image.shape[:2]) // _LARGEST_SIDE, 1)
    image = shrink_thumbnails(image[None], factor)[0]
    pixels = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    file = io.BytesIO()
    imsave(file, pixels, format="png")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
