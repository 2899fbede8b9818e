"""Reads MNIST and the data sets that come in its four files."""

from pathlib import Path

import numpy as np

from neurashed.data.choices import check_choice
from neurashed.data.examples import Examples
from neurashed.data.folders import find_file
from neurashed.data.idx import read_idx
from neurashed.data.images import PixelForm, Pixels, image_examples
from neurashed.data.subset import WHOLE_SET, Subset
from neurashed.errors import InputError

__all__ = ["load_mnist"]

_PREFIXES = {"train": "train", "test": "t10k"}
# Of the 60,000 training images, in units of full brightness.
MEAN, DEVIATION = 0.1307, 0.3081


def load_mnist(
    folder: str | Path,
    split: str = "train",
    *,
    subset: Subset = WHOLE_SET,
    layout: str = "image",
    scale: str = "unit",
) -> Examples:
    """Return handwritten digits from idx files, or another set in the same files.

    Args:
        folder: Holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
            ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each with ``.gz`` or without;
            ``MNIST/raw`` within the folder will do.
        split: ``"train"`` or ``"test"``.
        subset: Which images. Only these become floating-point numbers.
        layout: ``"image"`` for inputs ``(example, 1, row, column)``, ``"flat"`` for
            ``(example, feature)``.
        scale: ``"unit"``, ``"signed"`` or ``"standard"`` (mean 0.1307, standard deviation 0.3081).

    Returns:
        The examples, with ids such as ``"train/17"`` after their place in the file.

    Raises:
        InputError: If a file is missing or damaged, or a name is unknown.

    References:
        Gradient-based learning applied to document recognition (LeCun, Bottou, Bengio and Haffner,
        1998), https://doi.org/10.1109/5.726791
    """
    form = PixelForm(layout, scale)
    check_choice(split, _PREFIXES, what="split")
    numbers = _read(Path(folder).expanduser(), f"{_PREFIXES[split]}-labels", num_axes=1)
    images = _read(Path(folder).expanduser(), f"{_PREFIXES[split]}-images", num_axes=3)
    if len(numbers) != len(images):
        message = (
            f"{folder} has {len(images)} {split} images but {len(numbers)} labels; "
            "get both files from one place"
        )
        raise InputError(message)
    chosen = subset.indices(numbers.astype(str))
    pixels = Pixels(images[chosen][:, None], 255, [MEAN], [DEVIATION])
    return image_examples(
        pixels,
        numbers[chosen],
        ids=np.array([f"{split}/{row}" for row in chosen]),
        class_names=[str(number) for number in range(256)],
        form=form,
    )


def _read(folder: Path, stem: str, *, num_axes: int) -> np.ndarray:
    names = [f"{stem}{mark}idx{num_axes}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
    path = find_file(folder, names, inside=["MNIST/raw"])
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != num_axes:
        message = (
            f"{path} holds {array.dtype} of shape {array.shape} where bytes with {num_axes} axes "
            "are expected; give the files of MNIST"
        )
        raise InputError(message)
    return array
