"""Awkward models, each with examples for it.

`CASES` treat examples independently, so that the library must measure them exactly as the oracle
does; `REFUSED` must be refused. Nothing here knows the library.
"""

from zoo import convolutions, dense, networks, norms, refused, sequences, sharing
from zoo.case import CLASSIFIER, Case, Inputs, Written, moved, randomize
from zoo.refused import Refused

__all__ = [
    "CASES",
    "CLASSIFIER",
    "REFUSED",
    "Case",
    "Inputs",
    "Refused",
    "Written",
    "moved",
    "named",
    "randomize",
]

CASES = [
    *dense.CASES,
    *convolutions.CASES,
    *norms.CASES,
    *sequences.CASES,
    *sharing.CASES,
    *networks.CASES,
]
REFUSED = refused.CASES


def named(name: str) -> Case:
    """Return one case by its name."""
    return next(case for case in CASES if case.name == name)
