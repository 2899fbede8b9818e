"""Refuses an unknown name and says which one was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from neurashed.errors import InputError

__all__ = ["check_choice", "suggest"]


def suggest(given: str, choices: Iterable[str]) -> str:
    """Return the way out of a wrong name: the nearest choice, if one is near, and all of them."""
    known = list(choices)
    near = get_close_matches(given, known, n=1)
    nearest = f"did you mean {near[0]!r}? " if near else ""
    return f"{nearest}use one of {', '.join(known)}"


def check_choice(given: str, choices: Iterable[str], *, what: str) -> None:
    """Check that a name is one of some choices.

    Args:
        given: The name.
        choices: The names there are.
        what: What the name stands for, such as ``"layout"``.

    Raises:
        InputError: If it is none of them.
    """
    known = list(choices)
    if given not in known:
        message = f"unknown {what} {given!r}; {suggest(given, known)}"
        raise InputError(message)
