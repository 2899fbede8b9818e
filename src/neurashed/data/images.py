"""From the pixels of a file to the numbers a network takes, and to pictures for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from neurashed.data.choices import check_choice
from neurashed.data.examples import Examples

__all__ = ["PixelForm", "Pixels", "image_examples", "thumbnails_of"]

LARGEST_THUMBNAIL = 64


@dataclass(frozen=True)
class PixelForm:
    """The form in which a network gets pixels.

    Attributes:
        layout: ``"image"`` for ``(example, channel, row, column)``, ``"flat"`` for
            ``(example, feature)``.
        scale: ``"unit"`` for 0 to 1, ``"signed"`` for -1 to 1, ``"standard"`` for mean 0 and
            standard deviation 1 of each channel over the training set.

    Raises:
        InputError: If a name is unknown.
    """

    layout: str = "image"
    scale: str = "unit"

    layouts: ClassVar[tuple[str, ...]] = ("image", "flat")
    scales: ClassVar[tuple[str, ...]] = ("unit", "signed", "standard")

    def __post_init__(self) -> None:
        """Check the names."""
        check_choice(self.layout, self.layouts, what="layout")
        check_choice(self.scale, self.scales, what="scale")


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels as a file has them.

    Attributes:
        values: ``(example, channel, row, column)``, uint8 or floating point.
        largest: The value of full brightness.
        means: Mean of each channel over the training set, in units of full brightness.
        deviations: Standard deviation of each channel, likewise.
    """

    values: np.ndarray
    largest: int
    means: Sequence[float]
    deviations: Sequence[float]

    def inputs(self, form: PixelForm) -> Tensor:
        """Return float32 inputs in the form a network takes."""
        values = torch.from_numpy(np.require(self.values, requirements=["C", "W"]))
        pixels = values.to(torch.float32, copy=True).div_(self.largest)
        if form.scale == "signed":
            pixels = pixels.sub_(0.5).div_(0.5)
        elif form.scale == "standard":
            means, deviations = torch.tensor([self.means, self.deviations])[:, :, None, None]
            pixels = pixels.sub_(means).div_(deviations)
        return pixels.flatten(1) if form.layout == "flat" else pixels

    def thumbnails(self) -> np.ndarray:
        """Return uint8 images ``(example, row, column)``, with a last axis of 3 if in colour."""
        values = np.moveaxis(self.values, 1, -1)
        if values.dtype != np.uint8:
            values = np.rint(values * (255 / self.largest)).astype(np.uint8)
        return np.ascontiguousarray(values[..., 0] if values.shape[-1] == 1 else values)


def image_examples(
    pixels: Pixels,
    numbers: np.ndarray,
    *,
    ids: np.ndarray,
    class_names: Sequence[str],
    form: PixelForm,
) -> Examples:
    """Return examples of pictures with class numbers.

    Args:
        pixels: The pictures.
        numbers: Class numbers ``(example,)`` from 0.
        ids: Ids ``(example,)``.
        class_names: Name of each class.
        form: The form in which the network gets the pixels.

    Returns:
        The examples with targets in int64, labels and thumbnails.
    """
    return Examples(
        pixels.inputs(form),
        numbers.astype(np.int64),
        ids=ids,
        labels=np.array(class_names)[numbers],
        thumbnails=pixels.thumbnails(),
    )


def thumbnails_of(inputs: Tensor) -> np.ndarray | None:
    """Return pictures of inputs that look like images, else None.

    Brightness is scaled so that the smallest and largest of all values become black and white;
    large images are shown with every n-th pixel.

    Args:
        inputs: ``(example, row, column)`` or ``(example, channel, row, column)`` with 1 or 3
            channels, rows and columns at least 4.

    Returns:
        uint8 images ``(example, row, column[, 3])``, or None.

    Example:
        >>> thumbnails_of(torch.rand(2, 3, 8, 8)).shape
        (2, 8, 8, 3)
        >>> thumbnails_of(torch.rand(2, 8)) is None
        True
    """
    images = inputs.unsqueeze(1) if inputs.ndim == 3 else inputs
    if images.ndim != 4 or images.shape[1] not in {1, 3} or min(images.shape[2:]) < 4:
        return None
    every = -(-max(images.shape[2:]) // LARGEST_THUMBNAIL)
    small = images[:, :, ::every, ::every].detach().cpu().to(torch.float32).nan_to_num()
    darkest, brightest = torch.aminmax(small)
    small = (small - darkest) * (255 / (brightest - darkest).clamp_min(1e-30))
    values = small.round().to(torch.uint8).movedim(1, -1).numpy()
    return np.ascontiguousarray(values[..., 0] if values.shape[-1] == 1 else values)
