"""Reads photographs from a folder with one subfolder for each class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from neurashed.data.examples import Examples
from neurashed.data.images import LARGEST_THUMBNAIL, PixelForm, Pixels
from neurashed.data.subset import WHOLE_SET, Subset
from neurashed.errors import InputError

__all__ = ["load_image_folder"]

# Of the training images of ImageNet, in units of full brightness: red, green, blue.
MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_SUFFIXES = {".png", ".jpg", ".jpeg"}
# The shorter side before the middle is cut out, in units of the side that is left: 256 for 224.
_MARGIN = 8 / 7
_UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


@dataclass(frozen=True)
class _Files:
    """Image files in the order of their classes and names, and the number of each one's class."""

    paths: Sequence[Path]
    numbers: np.ndarray
    classes: Sequence[str]

    @property
    def labels(self) -> np.ndarray:
        return np.array(self.classes)[self.numbers]


def load_image_folder(
    folder: str | Path,
    *,
    subset: Subset = WHOLE_SET,
    size: int = 224,
    layout: str = "image",
    scale: str = "standard",
) -> Examples:
    """Return photographs, each of the class that its subfolder is named after.

    An image is prepared as networks trained on ImageNet expect it: in colour, the shorter side
    resized to 8/7 of ``size`` (256 for 224), the middle cut out, and each channel brought to mean 0
    and standard deviation 1 by the numbers of ImageNet.

    Args:
        folder: Holds a subfolder for each class, with ``.png``, ``.jpg`` or ``.jpeg`` files in it
            or in its own subfolders. Hidden files and files of other kinds are passed over.
        subset: Which images, in the order of their paths. Only these are read.
        size: Rows and columns of an input.
        layout: ``"image"`` for inputs ``(example, 3, size, size)``, ``"flat"`` for
            ``(example, feature)``.
        scale: ``"standard"``, ``"unit"`` or ``"signed"``.

    Returns:
        The examples. Their ids are paths within the folder, such as ``"tiger/0001.jpeg"``, and
        their targets number the subfolders 0, 1, ... by name, which need not be the numbers that a
        trained network gives the classes.

    Raises:
        InputError: If the folder is missing or holds fewer than two classes, a class has no image,
            a file cannot be read, or an option is unknown.
    """
    form = PixelForm(layout, scale)
    if size < 1:
        message = f"size is {size}; give at least 1 row and column"
        raise InputError(message)
    root = Path(folder).expanduser()
    files = _find_files(root)
    chosen = subset.indices(files.labels, files.numbers.astype(str))
    images = np.empty((len(chosen), size, size, 3), np.uint8)
    thumbnail = min(size, LARGEST_THUMBNAIL)
    thumbnails = np.empty((len(chosen), thumbnail, thumbnail, 3), np.uint8)
    for place, index in enumerate(chosen):
        image = _open(files.paths[index], size)
        images[place] = np.asarray(image)
        small = image.resize((thumbnail, thumbnail), Image.Resampling.BILINEAR)
        thumbnails[place] = np.asarray(small)
    pixels = Pixels(np.moveaxis(images, -1, 1), 255, MEANS, DEVIATIONS)
    return Examples(
        pixels.inputs(form),
        files.numbers[chosen],
        ids=[files.paths[index].relative_to(root).as_posix() for index in chosen],
        labels=files.labels[chosen],
        thumbnails=thumbnails,
    )


def _find_files(root: Path) -> _Files:
    if not root.is_dir():
        problem = "is no folder" if root.exists() else "does not exist"
        message = f"{root} {problem}; give a folder with a subfolder of images for each class"
        raise InputError(message)
    folders = sorted(each for each in root.iterdir() if each.is_dir() and _is_shown(each, root))
    if len(folders) < 2:
        found = f"only {folders[0].name}" if folders else "none"
        message = (
            f"{root} should have a subfolder for each of at least two classes and has {found}; put "
            "the images of each class into a subfolder of its name"
        )
        raise InputError(message)
    groups = [_list_images(each) for each in folders]
    return _Files(
        paths=[path for group in groups for path in group],
        numbers=np.repeat(np.arange(len(groups)), [len(group) for group in groups]),
        classes=[each.name for each in folders],
    )


def _list_images(folder: Path) -> list[Path]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and path.is_file() and _is_shown(path, folder)
    )
    if not paths:
        message = (
            f"{folder} holds no image; put {', '.join(sorted(_SUFFIXES))} files into it, or take "
            "the subfolder away"
        )
        raise InputError(message)
    return paths


def _is_shown(path: Path, root: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(root).parts)


def _open(path: Path, size: int) -> Image.Image:
    """Read an image and bring it to its form, or say which file cannot be read."""
    try:
        with Image.open(path) as file:
            return _cut_middle(file.convert("RGB"), size)
    except _UNREADABLE as error:
        message = f"{path} cannot be read as an image ({error}); replace it or take it away"
        raise InputError(message) from error


def _cut_middle(image: Image.Image, size: int) -> Image.Image:
    """Resize until the shorter side fits, then cut, rounding as torchvision does."""
    shorter = round(size * _MARGIN)
    columns, rows = (int(shorter * side / min(image.size)) for side in image.size)
    resized = image.resize((columns, rows), Image.Resampling.BILINEAR)
    left, top = round((columns - size) / 2), round((rows - size) / 2)
    return resized.crop((left, top, left + size, top + size))
