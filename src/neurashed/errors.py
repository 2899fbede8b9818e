"""The exceptions and warnings of Neurashed.

Each exception is also one of Python's own, so that callers may catch either. A message says what
was wrong, what we got and what to do.
"""

__all__ = [
    "EngineMismatchError",
    "InputError",
    "InputTypeError",
    "MissingPackageError",
    "NeurashedError",
    "NeurashedWarning",
    "ResolutionWarning",
    "StoreError",
]


class NeurashedError(Exception):
    """Base of every error that Neurashed raises on purpose."""


class InputError(NeurashedError, ValueError):
    """A value given by the user cannot be used."""


class InputTypeError(NeurashedError, TypeError):
    """Something of the wrong type was given."""


class MissingPackageError(NeurashedError, ImportError):
    """An optional package is needed and not installed."""


class StoreError(NeurashedError, ValueError):
    """A stored result is missing, damaged, or not one of ours."""


class EngineMismatchError(NeurashedError, RuntimeError):
    """The engine and plain autograd disagree on a pair that was computed both ways."""


class NeurashedWarning(UserWarning):
    """Base of every warning that Neurashed gives."""


class ResolutionWarning(NeurashedWarning):
    """Responses are too small for the precision they were computed in."""
