"""Which output of a trained network stands for the class of an image folder."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from neurashed.errors import InputError

__all__ = ["find_class_numbers"]

_NUM_IMAGENET_CLASSES = 1_000
# The classes of the paper's figure among ImageNet's 1,000, by name and by WordNet number.
_PUBLISHED = {
    "leopard": 288, "n02128385": 288,
    "tiger": 292, "n02129604": 292,
    "brown bear": 294, "n02132136": 294,
}  # fmt: skip


def find_class_numbers(
    folders: Sequence[str], *, num_outputs: int, names: Path | None = None
) -> dict[str, int]:
    """Return the number of the output that stands for each class.

    A folder's name is looked for, in this order: as a number, as in ``294`` or ``294_brown_bear``;
    in the file of names; by its place, if there are as many folders as outputs; and, for a network
    with ImageNet's 1,000 outputs, among the classes of the paper's figure. Case, ``_`` and ``-`` in
    names do not matter. A class that is not found, two classes with one number and a file that does
    not fit are refused with an `InputError`.

    Args:
        folders: Names of the class folders.
        num_outputs: Outputs of the network.
        names: A file with the name of each output on a line of its own, in the order of the
            outputs; a line may hold several names, separated by commas, after a WordNet number.

    Returns:
        Numbers from 0 by name of the folder.

    Example:
        >>> find_class_numbers(["brown bear", "292_tiger"], num_outputs=1_000)
        {'brown bear': 294, '292_tiger': 292}
    """
    listed = {} if names is None else _read_names(names, num_outputs)
    known = {**(_PUBLISHED if num_outputs == _NUM_IMAGENET_CLASSES else {}), **listed}
    in_order = sorted(folders) if len(folders) == num_outputs and names is None else []
    found: dict[str, int] = {}
    for folder in folders:
        number = re.match(r"\d+(?=[_\- .]|$)", folder)
        if number:
            found[folder] = int(number[0])
        elif in_order:
            found[folder] = in_order.index(folder)
        elif _simplify(folder) in known:
            found[folder] = known[_simplify(folder)]
        else:
            _refuse(folder, known, num_outputs)
    _check(found, num_outputs)
    return found


def _read_names(path: Path, num_outputs: int) -> dict[str, int]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read ({error}); give a text file with one name on each line"
        raise InputError(message) from error
    if len(lines) != num_outputs:
        message = (
            f"{path} has {len(lines):,} lines and the network {num_outputs:,} outputs; write the "
            "name of each output on a line of its own"
        )
        raise InputError(message)
    numbers: dict[str, int] = {}
    twice: set[str] = set()
    for number, line in enumerate(lines):
        for name in _names_in(line):
            twice |= {name} & numbers.keys()
            numbers[name] = number
    # A name of two classes, as ImageNet has some, stands for neither.
    return {name: number for name, number in numbers.items() if name not in twice}


def _names_in(line: str) -> set[str]:
    code, rest = re.fullmatch(r"\s*(n\d{8}\b)?(.*)", line, flags=re.DOTALL).groups("")  # pyright: ignore[reportOptionalMemberAccess]
    names = {_simplify(each) for each in (code, rest, *rest.split(","))}
    return names - {""}


def _simplify(name: str) -> str:
    return " ".join(re.sub(r"[_\-]", " ", name).casefold().split())


def _refuse(folder: str, known: Mapping[str, int], num_outputs: int) -> None:
    near = get_close_matches(_simplify(folder), known, n=1)
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    message = (
        f"it is not known which of the network's {num_outputs:,} outputs stands for class "
        f"{folder!r}; {suggestion}begin the folder's name with the number, as in "
        "'294_brown_bear', or give a file with the name of each output"
    )
    raise InputError(message)


def _check(found: Mapping[str, int], num_outputs: int) -> None:
    folders: dict[int, str] = {}
    for folder, number in found.items():
        if number >= num_outputs:
            message = (
                f"class {folder!r} has number {number} and the network has {num_outputs:,} "
                f"outputs; numbers run from 0 to {num_outputs - 1}"
            )
            raise InputError(message)
        if number in folders:
            message = (
                f"classes {folders[number]!r} and {folder!r} are both output {number}; put their "
                "images into one folder"
            )
            raise InputError(message)
        folders[number] = folder
