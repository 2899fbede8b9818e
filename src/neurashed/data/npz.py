"""Examples in .npz files: one array for each part, never a pickle."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from neurashed.data.arrays import as_array
from neurashed.data.choices import suggest
from neurashed.data.examples import Examples
from neurashed.data.subset import WHOLE_SET, Subset
from neurashed.errors import InputError

__all__ = ["load_npz", "open_npz", "save_npz"]

_INPUTS = "inputs"
_NAMED_INPUTS = "inputs_"
_PARTS = ("targets", "ids", "labels", "fine_labels", "thumbnails", "texts")


def load_npz(path: str | Path, *, subset: Subset = WHOLE_SET) -> Examples:
    """Return the examples of an .npz file.

    Args:
        path: A file of ``numpy.savez`` with the array ``inputs``, or ``inputs_<name>`` for each
            input of a model that takes several by name; and, as far as known, ``targets``, ``ids``,
            ``labels``, ``fine_labels``, ``thumbnails`` and ``texts``.
        subset: Which of the examples.

    Returns:
        The examples; without ids in the file, ids such as ``"train/17"`` after the file's name and
        their place in it, so that those of two files differ.

    Raises:
        InputError: If the file is missing, damaged, or has other arrays.
    """
    file = Path(path).expanduser()
    arrays = open_npz(file)
    named = {
        key.removeprefix(_NAMED_INPUTS): arrays.pop(key)
        for key in list(arrays)
        if key.startswith(_NAMED_INPUTS)
    }
    if (_INPUTS in arrays) == bool(named):
        message = f"{file} holds {_list(arrays)}; store either inputs or inputs_<name> in it"
        raise InputError(message)
    inputs = arrays.pop(_INPUTS, named)
    unknown = [key for key in arrays if key not in _PARTS]
    if unknown:
        message = f"{file} has an unknown array {unknown[0]!r}; {suggest(unknown[0], _PARTS)}"
        raise InputError(message)
    examples = Examples(inputs, **arrays)
    if "ids" not in arrays:
        arrays["ids"] = np.array([f"{file.stem}/{row}" for row in range(len(examples))])
        examples = Examples(inputs, **arrays)
    return subset.apply(examples)


def save_npz(examples: Examples, path: str | Path) -> None:
    """Write examples to an .npz file that `load_npz` reads back.

    Args:
        examples: What to write.
        path: The file; an existing one is replaced.
    """
    inputs = examples.inputs
    named = (
        {f"{_NAMED_INPUTS}{name}": each for name, each in inputs.items()}
        if isinstance(inputs, dict)
        else {_INPUTS: inputs}
    )
    parts = {name: getattr(examples, name) for name in _PARTS}
    arrays = {
        name: as_array(values, name)
        for name, values in {**named, **parts}.items()
        if values is not None
    }
    with Path(path).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def open_npz(path: Path, *, required: Iterable[str] = ()) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name, without ever unpickling.

    Args:
        path: The file.
        required: Arrays that must be there; only these are read if any are named.

    Returns:
        The arrays.

    Raises:
        InputError: If the file is missing, is no such file, or lacks an array.
    """
    if not path.is_file():
        message = f"{path} is no file; give an .npz file"
        raise InputError(message)
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            names = list(required) or list(file)
            missing = [name for name in names if name not in file]
            if missing:
                message = f"{path} holds {_list(file)} but no {missing[0]}; store it in the file"
                raise InputError(message)
            return {name: file[name] for name in names}
    except InputError:
        raise
    except (AttributeError, EOFError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
        message = (
            f"{path} cannot be read ({error}); write it with numpy.savez, strings as "
            "numpy.array(..., dtype=str)"
        )
        raise InputError(message) from error


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
