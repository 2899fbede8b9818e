"""Finds a function by the string ``package.module:function``."""

import importlib
import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from neurashed.data.choices import suggest
from neurashed.errors import InputError

__all__ = ["import_function", "is_function_path"]


def is_function_path(text: str) -> bool:
    """Return whether a string has the form ``package.module:function``."""
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", text) is not None


def import_function(path: str) -> Callable[[], Any]:
    """Return a function that can be called without arguments.

    Args:
        path: ``package.module:function``; the module is imported.

    Returns:
        The function.

    Raises:
        InputError: If there is no such module or function, or it needs arguments.
    """
    module_name, _, name = path.partition(":")
    module = _import_module(module_name)
    function = getattr(module, name, None)
    if not callable(function):
        message = f"{module_name} has no function {name!r}; {_suggest_function(name, module)}"
        raise InputError(message)
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        message = f"{path} is called without arguments but has {error}; give it a default value"
        raise InputError(message) from error
    return function


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A package that the module itself wants is another matter.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        message = f"there is no module {name!r}; start where Python can import it"
        raise InputError(message) from error


def _suggest_function(name: str, module: ModuleType) -> str:
    own = [
        each
        for each, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not each.startswith("_")
    ]
    return suggest(name, own) if own else "define it there"
