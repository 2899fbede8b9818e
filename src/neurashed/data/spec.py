"""A data set named by one string, for the command line and for runs that are repeated."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from neurashed.data.choices import check_choice
from neurashed.data.cifar10 import load_cifar10
from neurashed.data.clinc150 import load_clinc150
from neurashed.data.digits import load_digits
from neurashed.data.examples import Examples
from neurashed.data.functions import import_function, is_function_path
from neurashed.data.image_folder import load_image_folder
from neurashed.data.mnist import load_mnist
from neurashed.data.npz import load_npz
from neurashed.data.subset import Subset, renumber_targets
from neurashed.errors import InputError, InputTypeError

__all__ = ["load_examples"]

_FORMS = (
    "digits, mnist:FOLDER, cifar10:FOLDER, clinc150:FOLDER, images:FOLDER, npz:FILE, FILE.npz, "
    "package.module:function"
)
_SUBSET = ("classes", "per_class", "skip_per_class", "first")
_PIXELS = ("layout", "scale")
_TARGETS = ("number", "index")


@dataclass(frozen=True)
class _Format:
    """A reader, called with the place, the subset, and its own options."""

    load: Callable[..., Examples]
    options: tuple[str, ...] = ()


def load_examples(spec: str, **options: str | int) -> Examples:
    """Return the examples that a string names.

    A spec is one of ``digits``, ``mnist:FOLDER``, ``cifar10:FOLDER``, ``clinc150:FOLDER``,
    ``images:FOLDER``, ``npz:FILE``, ``FILE.npz`` and ``package.module:function`` (called without
    arguments, returns `Examples`), and may go on with ``?option=value&option=value``:

    * ``split=train|test`` (``mnist``, ``cifar10``, ``clinc150``, which has ``val`` as well; train
      if not given);
    * ``classes=3,5``: only these, by label or class number;
    * ``per_class=100``: the first so many of each class in file order;
    * ``skip_per_class=100``: pass over so many of each class before that;
    * ``first=1000``: the first so many of what is left;
    * ``targets=number|index``: class numbers as in the file, or 0, 1, ... in the order of
      ``classes``;
    * ``layout=image|flat`` and ``scale=unit|signed|standard`` (``digits``, ``mnist``, ``cifar10``,
      ``images``);
    * ``num_words=2000``: how many words count (``clinc150``);
    * ``size=224``: rows and columns of an image (``images``);
    * ``approximate=keep|drop`` (``cifar10``).

    Args:
        spec: The string. In option values, ``%2C`` and the like stand for characters that mean
            something here.
        options: The same options as keywords; none may be in the string as well.

    Returns:
        The examples.

    Raises:
        InputError: If the form or an option is unknown or given twice.

    Example:
        >>> load_examples("digits?classes=3,5&per_class=10&layout=flat")
        Examples(20 examples, inputs (64,) float32, targets int64, 2 labels)
    """
    source, _, query = spec.partition("?")
    given = _parse_options(query)
    twice = sorted(given.keys() & options.keys())
    if twice:
        message = f"{twice[0]} is given in {spec!r} and as a keyword; give it once"
        raise InputError(message)
    given |= {name: str(value) for name, value in options.items()}
    form, place = _find_format(source)
    known = [*form.options, *_SUBSET, "targets"]
    for name in given:
        check_choice(name, known, what=f"option of {source!r}:")
    classes = tuple(given["classes"].split(",")) if "classes" in given else ()
    subset = Subset(tuple(unquote(name) for name in classes), **_whole_numbers(given, _SUBSET[1:]))
    own = {name: unquote(given[name]) for name in form.options if name in given}
    targets = given.get("targets", "number")
    check_choice(targets, _TARGETS, what="form of targets")
    examples = form.load(*place, subset=subset, **own)
    return examples if targets == "number" else renumber_targets(examples, subset.classes)


def _load_function(path: str, *, subset: Subset) -> Examples:
    examples = import_function(path)()
    if not isinstance(examples, Examples):
        message = f"{path} returned a {type(examples).__name__}; return neurashed.Examples"
        raise InputTypeError(message)
    return subset.apply(examples)


def _load_images(folder: str, *, subset: Subset, **options: str) -> Examples:
    numbers = _whole_numbers(options, ("size",))
    return load_image_folder(folder, subset=subset, **{**options, **numbers})


def _load_clinc150(folder: str, *, subset: Subset, **options: str) -> Examples:
    numbers = _whole_numbers(options, ("num_words",))
    return load_clinc150(folder, subset=subset, **{**options, **numbers})


_PREFIXED = {
    "mnist": _Format(load_mnist, ("split", *_PIXELS)),
    "cifar10": _Format(load_cifar10, ("split", *_PIXELS, "approximate")),
    "clinc150": _Format(_load_clinc150, ("split", "num_words")),
    "images": _Format(_load_images, ("size", *_PIXELS)),
    "npz": _Format(load_npz),
}
_DIGITS = _Format(load_digits, _PIXELS)
_FUNCTION = _Format(_load_function)


def _find_format(source: str) -> tuple[_Format, tuple[str, ...]]:
    # The place, such as a folder, is left out for data that need none.
    prefix, _, place = source.partition(":")
    if source == "digits":
        return _DIGITS, ()
    if prefix in _PREFIXED and place:
        return _PREFIXED[prefix], (place,)
    if source.endswith(".npz"):
        return _PREFIXED["npz"], (source,)
    if is_function_path(source):
        return _FUNCTION, (source,)
    message = f"data {source!r} has an unknown form; use one of {_FORMS}"
    raise InputError(message)


def _parse_options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            message = f"option {part!r} has no name or value; write name=value&name=value"
            raise InputError(message)
        if name in options:
            message = f"option {name} occurs twice; give it once"
            raise InputError(message)
        options[name] = value
    return options


def _whole_numbers(options: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Any]:
    given = {name: options[name] for name in names if name in options}
    for name, value in given.items():
        if not re.fullmatch(r"\d+", value):
            message = f"option {name} is {value!r}; give a whole number"
            raise InputError(message)
    return {name: int(value) for name, value in given.items()}
