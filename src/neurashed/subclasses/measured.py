"""A network of a search and what was measured of it; and where such networks may be kept."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import xarray as xr

from neurashed.task import Task
from neurashed.training import State

__all__ = ["MeasuredNetwork", "Shelf"]


@dataclass(frozen=True, eq=False)
class MeasuredNetwork:
    """One network of a search, at the end of its training.

    Attributes:
        task: The network with its loss and readout.
        similarities: The similarity ``(source, probe)`` of each look, in the order of training, as
            it was measured.
        state: The state of training at the last look; None if it was trained before.
    """

    task: Task
    similarities: tuple[xr.DataArray, ...]
    state: State | None


@runtime_checkable
class Shelf(Protocol):
    """Keeps networks that were measured, so that a search which was killed goes on after them."""

    def fetch(self, repeat: int, number: int) -> MeasuredNetwork | None:
        """Return a network that was kept whole, or None.

        Args:
            repeat: The repeat of the search, from 0.
            number: The network of this repeat, from 0.
        """
        ...

    def keep(self, repeat: int, number: int, network: MeasuredNetwork) -> None:
        """Keep a network.

        Args:
            repeat: The repeat of the search, from 0.
            number: The network of this repeat, from 0.
            network: What to keep.
        """
        ...
