"""Jobs of the `scale` room without a network: quick, and faulty on demand; workers import them."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurashed.results import AxisLabels, label_elasticity
from neurashed.results.tiled import Journal, Storage, Tile, TiledMatrix, TileGrid
from neurashed.scale import Outcome, TileValues, Work, run_work

GRID = TileGrid(20, 20, 4, 4, is_symmetric=True)
FAULTY = Tile(2, 1)


@dataclass(frozen=True)
class Sums:
    """Each number is a function of its source and its probe.

    Attributes:
        folder: Where a line is left for each process that opens the job, and each unpickling.
        fault: What happens at one tile: ``"none"``; ``"killed once"``, ``"killed"``: the process
            dies; ``"memory"``: more is taken than there is; ``"refused"``: `MemoryError`;
            ``"error"``: another error.
        pause: Seconds that each tile takes.
        is_elsewhere: Whether it says that another device computes.
    """

    folder: Path
    fault: str = "none"
    pause: float = 0.0
    grid: TileGrid = GRID
    is_elsewhere: bool = False

    @property
    def budget(self) -> str:
        """A budget in words."""
        return "77 MB beside model, data and result"

    def open(self, scratch: Path | None) -> "Sums":
        self.note(f"opened {scratch}")
        return self

    def note(self, what: str) -> None:
        with (self.folder / "notes").open("a") as file:
            file.write(f"{os.getpid()} {what}\n")

    def compute(self, tile: Tile) -> TileValues:
        time.sleep(self.pause)
        if tile == FAULTY:
            self.fail()
        sources, probes = (
            np.arange(part.start, part.stop) for part in (GRID.sources(tile), GRID.probes(tile))
        )
        values = np.sin(np.add.outer(sources, probes) + np.multiply.outer(sources, probes))
        return TileValues(values.astype(np.float32), {"self_response": np.abs(sources) * 1.5})

    def fail(self) -> None:
        first = self.folder / "failed"
        if self.fault == "killed" or (self.fault == "killed once" and not first.exists()):
            first.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "memory":
            taken = []
            while True:
                taken.append(np.ones(2**22))
                time.sleep(0.01)
        if self.fault == "refused":
            message = "Unable to allocate 9 GiB"
            raise MemoryError(message)
        if self.fault == "torch":
            message = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            raise RuntimeError(message)
        if self.fault == "error":
            message = "tile is cursed"
            raise RuntimeError(message)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.note("unpickled")


def notes(folder: Path, what: str) -> list[str]:
    """Return the process of each note that begins so."""
    lines = (folder / "notes").read_text().splitlines()
    return [line.split()[0] for line in lines if line.split(maxsplit=1)[1].startswith(what)]


def run(
    job: Sums,
    store: Path,
    *,
    executor: object = None,
    scratch: bool = False,
    progress: Callable[..., Any] | None = None,
) -> Outcome:
    """Run a job to its end and leave a store."""
    journal = Journal.begin(store, {"job": "sums"})
    try:
        matrix = TiledMatrix(store, "tangent_kernel", GRID, Storage(triangle="both"))
        if not store.exists():
            axis = AxisLabels(np.arange(GRID.num_sources))
            nothing = np.zeros((GRID.num_sources, GRID.num_probes), dtype=np.float32)
            template = label_elasticity(
                nothing, sources=axis, probes=axis, name="tangent_kernel", units="1", provenance={}
            )
            matrix = TiledMatrix.create(store, template, GRID, matrix.storage)
        folder = journal.folder / "scratch" if scratch else None
        work = Work(job, os.urandom(8).hex(), matrix, (), folder)
        outcome = run_work(work, journal, executor=executor, progress=progress)
        matrix.finish(outcome.records, provenance={})
        journal.remove()
    finally:
        journal.close()
    return outcome
