"""Where the data of all parts are, and how thorough a run is."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from neurashed.errors import InputError

__all__ = ["PaperSettings", "find_data"]

# The names that the folders of a data set go by.
_FOLDERS = {
    "mnist": ("mnist", "MNIST"),
    "cifar10": ("cifar10", "cifar-10", "cifar-10-batches-bin"),
    "clinc150": ("clinc150", "CLINC150"),
}


@dataclass(frozen=True)
class PaperSettings:
    """Where the data of all parts are, and how thorough the run is.

    Attributes:
        mnist: Folder of MNIST.
        cifar10: Folder of CIFAR-10.
        clinc150: Folder of CLINC150.
        weights: Weights of a VGG-19.
        images: Photographs for it, in a subfolder for each class.
        is_quick: Whether the parts are run at the small scale of their ``--quick``, with the digits
            that come with the library in place of MNIST and CIFAR-10.
        num_workers: Processes that share the work where a part can be shared; one for each
            processor if None.
        folder: Where relative paths start.
    """

    mnist: str | None = None
    cifar10: str | None = None
    clinc150: str | None = None
    weights: str | None = None
    images: str | None = None
    is_quick: bool = False
    num_workers: int | None = None
    folder: str = field(default_factory=os.getcwd)


def find_data(folder: Path) -> dict[str, str]:
    """Find the data sets of the paper among the subfolders of a folder.

    Args:
        folder: Such as ``data``, with ``data/mnist`` and ``data/cifar-10-batches-bin`` in it.

    Returns:
        The folder of each data set that is there, by the name that `PaperSettings` has for it.

    Raises:
        InputError: If there is none.
    """
    found = {
        dataset: next((str(folder / name) for name in names if (folder / name).is_dir()), None)
        for dataset, names in _FOLDERS.items()
    }
    there = {dataset: path for dataset, path in found.items() if path is not None}
    if not there:
        known = ", ".join(name for names in _FOLDERS.values() for name in names)
        message = f"{folder} has none of the folders {known}; give the folder that they are in"
        raise InputError(message)
    return there
