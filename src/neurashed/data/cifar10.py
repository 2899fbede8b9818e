"""Reads CIFAR-10 from its binary files, or from an .npz file."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurashed.data.choices import check_choice
from neurashed.data.examples import Examples
from neurashed.data.folders import find_file
from neurashed.data.images import PixelForm, Pixels, image_examples
from neurashed.data.npz import open_npz
from neurashed.data.subset import WHOLE_SET, Subset
from neurashed.errors import InputError, NeurashedWarning

__all__ = ["load_cifar10"]

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
# Of the 50,000 training images, in units of full brightness: red, green, blue.
MEANS, DEVIATIONS = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)

_INSIDE = ["cifar-10-batches-bin"]
_REBUILT = "test_batch_rebuilt.bin"
_BATCHES = {
    "train": [[f"data_batch_{number}.bin"] for number in range(1, 6)],
    "test": [["test_batch.bin", _REBUILT]],
}
_NPZ = "cifar10.npz"
_APPROXIMATE = "test_batch_rebuilt_approx_rows.txt"
_ROW_BYTES = 1 + 3 * 32 * 32


@dataclass(frozen=True, eq=False)
class _Split:
    """Images ``(example, 3, 32, 32)`` in parts of one file each, and which are no exact copies."""

    parts: Sequence[np.ndarray]
    numbers: np.ndarray
    approximate: np.ndarray

    def images(self, chosen: np.ndarray) -> np.ndarray:
        # Chosen indices increase, so that parts can be read one after the other.
        starts = np.cumsum([0, *map(len, self.parts)])
        return np.concatenate([
            part[chosen[(chosen >= start) & (chosen < start + len(part))] - start]
            for part, start in zip(self.parts, starts, strict=False)
        ])


def load_cifar10(
    folder: str | Path,
    split: str = "train",
    *,
    subset: Subset = WHOLE_SET,
    layout: str = "image",
    scale: str = "unit",
    approximate: str = "keep",
) -> Examples:
    """Return small colour photographs of ten classes.

    Args:
        folder: Holds ``data_batch_1.bin`` to ``data_batch_5.bin`` and ``test_batch.bin`` (or, of
            which some rows are approximate, ``test_batch_rebuilt.bin``), or else ``cifar10.npz``
            with ``x_train``, ``y_train``, ``x_test`` and ``y_test``;
            ``cifar-10-batches-bin`` within the folder will do.
        split: ``"train"`` or ``"test"``.
        subset: Which images. Only these are read and become floating-point numbers.
        layout: ``"image"`` for inputs ``(example, 3, 32, 32)``, ``"flat"`` for
            ``(example, 3072)``.
        scale: ``"unit"``, ``"signed"`` or ``"standard"`` (mean and deviation of each colour).
        approximate: ``"keep"`` or ``"drop"`` the rows of ``test_batch_rebuilt.bin`` that hold no
            exact copy of the original; kept ones are told in a warning. Rows are dropped before the
            subset is chosen.

    Returns:
        The examples, with ids such as ``"test/17"`` after their place in the official order.

    References:
        Learning Multiple Layers of Features from Tiny Images (Krizhevsky, 2009),
        https://www.cs.toronto.edu/~kriz/cifar.html
    """
    form = PixelForm(layout, scale)
    check_choice(split, _BATCHES, what="split")
    check_choice(approximate, ["keep", "drop"], what="treatment of approximate rows")
    data = _open(Path(folder).expanduser(), split)
    rows = np.arange(len(data.numbers))
    if approximate == "drop":
        rows = np.setdiff1d(rows, data.approximate)
    numbers = data.numbers[rows]
    chosen = rows[subset.indices(np.array(CLASSES)[numbers], numbers.astype(str))]
    _warn_of_approximate(np.intersect1d(chosen, data.approximate))
    return image_examples(
        Pixels(data.images(chosen), 255, MEANS, DEVIATIONS),
        data.numbers[chosen],
        ids=np.array([f"{split}/{row}" for row in chosen]),
        class_names=CLASSES,
        form=form,
    )


def _open(folder: Path, split: str) -> _Split:
    if folder.suffix == ".npz" or (folder / _NPZ).is_file():
        return _open_npz(folder if folder.suffix == ".npz" else folder / _NPZ, split)
    wanted = _BATCHES[split]
    paths = [find_file(folder, [*names, _NPZ], inside=_INSIDE) for names in wanted]
    batches = [_open_batch(path) for path in paths]
    approximate = np.empty(0, np.int64)
    if paths[0].name == _REBUILT:
        listed = find_file(paths[0].parent, [_APPROXIMATE])
        approximate = np.loadtxt(listed, dtype=np.int64, ndmin=1)
    return _Split(
        parts=[batch[:, 1:].reshape(-1, 3, 32, 32) for batch in batches],
        numbers=_check_numbers(np.concatenate([batch[:, 0] for batch in batches]), paths[0]),
        approximate=approximate,
    )


def _open_batch(path: Path) -> np.ndarray:
    size = path.stat().st_size
    if size == 0 or size % _ROW_BYTES:
        message = (
            f"{path} holds {size} bytes, which is no whole number of rows of {_ROW_BYTES}: it is "
            "cut or damaged; get it again"
        )
        raise InputError(message)
    # Mapped, so that only the pages of chosen images are kept in memory.
    return np.asarray(np.memmap(path, np.uint8, mode="r")).reshape(-1, _ROW_BYTES)


def _open_npz(path: Path, split: str) -> _Split:
    arrays = open_npz(path, required=[f"x_{split}", f"y_{split}"])
    images, numbers = arrays[f"x_{split}"], arrays[f"y_{split}"].reshape(-1)
    if images.shape[1:] == (32, 32, 3):
        images = np.moveaxis(images, -1, 1)
    if images.shape != (len(numbers), 3, 32, 32) or images.dtype != np.uint8:
        message = (
            f"x_{split} of {path} has shape {images.shape} and dtype {images.dtype} for "
            f"{len(numbers)} labels; store uint8 images (example, 32, 32, 3)"
        )
        raise InputError(message)
    return _Split([images], _check_numbers(numbers, path), np.empty(0, int))


def _check_numbers(numbers: np.ndarray, path: Path) -> np.ndarray:
    if numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= len(CLASSES):
        message = (
            f"{path} has class numbers from {numbers.min()} to {numbers.max()} where whole numbers "
            "from 0 to 9 are expected; give the files of CIFAR-10"
        )
        raise InputError(message)
    return numbers


def _warn_of_approximate(rows: np.ndarray) -> None:
    if len(rows):
        message = (
            f"{len(rows)} of the chosen images are approximate copies of the originals; leave them "
            "out with approximate='drop' where exact pixels matter"
        )
        warnings.warn(message, NeurashedWarning, stacklevel=3)
