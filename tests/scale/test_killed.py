"""A job that is killed with SIGKILL goes on with the same call, and comes to the same bits."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import FORKED
from tiled_cases import (
    NUM_TILES,
    SIDE,
    content_checksum,
    digest_tiles,
    done_tiles,
    draw_examples,
    stream,
)

import neurashed as ns
from neurashed.elasticity import MeasurementOptions, Tiling, streaming
from neurashed.results.tiled import Journal, journal_of

JOBS: dict[str, dict[str, Any]] = {
    "matrix": {},
    "no matrix": {
        "sources": draw_examples(num_classes=3),
        "tiling": Tiling(keep_matrix=False, class_table=True, top_k=3, side=SIDE),
    },
    "sketch": {"options": MeasurementOptions(sketch=40, seed=5)},
}
NUM_KILLS = {"matrix": 20, "no matrix": 8, "sketch": 8}
# Before each of these a process may be killed: they are all that a job does to its files.
TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir", "os.truncate"}


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_to_its_death(store: Path, job: str, moment: int, answers: Connection) -> None:
    """Run a job and die before it touches its files for the given time, or tell how often."""
    os.fsync = lambda _: None
    touched = 0

    def count(event: str, args: tuple[Any, ...]) -> None:
        nonlocal touched
        if event in TOUCHES and str(args[0]).startswith(str(store.parent)):
            touched += 1
            if touched == moment:
                die()

    sys.addaudithook(count)
    stream(store, **JOBS[job])
    answers.send(touched)


def start(store: Path, job: str, moment: int = -1) -> tuple[Any, Connection]:
    ours, theirs = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=run_to_its_death, args=(store, job, moment, theirs))
    process.start()
    theirs.close()
    return process, ours


@dataclass(frozen=True)
class Unbroken:
    """A job that was never interrupted, its store, and how often its files were touched."""

    job: str
    store: Path
    touched: int

    def assert_same(self, store: Path) -> None:
        """Compare another store, what lies beside it, and that nothing else does."""
        assert names_beside(store) == names_beside(self.store)
        assert digest_tiles(store.parent) == digest_tiles(self.store.parent)
        if self.store.exists():
            assert content_checksum(store) == content_checksum(self.store)
            ns.open_result(store, verify="checksums")

    def count_left(self, store: Path) -> int:
        """Return how many tiles a killed process left to be computed."""
        if journal_of(store).exists():
            return NUM_TILES - len(done_tiles(store))
        return 0 if set(names_beside(self.store)) <= set(names_beside(store)) else NUM_TILES


def names_beside(store: Path) -> list[str]:
    return sorted(path.name for path in store.parent.iterdir())


def run_unbroken(job: str, factory: pytest.TempPathFactory) -> Unbroken:
    store = factory.mktemp("unbroken") / "s.zarr"
    process, answers = start(store, job)
    touched = answers.recv()
    process.join()
    return Unbroken(job, store, touched)


@pytest.fixture(scope="module", params=JOBS)
def unbroken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    return run_unbroken(request.param, tmp_path_factory)


def test_killed_at_random_moments(tmp_path: Path, unbroken: Unbroken):
    num_kills = NUM_KILLS[unbroken.job]
    moments = np.arange(1, unbroken.touched + 1)
    drawn = np.random.default_rng(0).choice(moments, num_kills, replace=False)
    left = []
    for moment in sorted(drawn.tolist()):
        store = tmp_path / str(moment) / "s.zarr"
        store.parent.mkdir()
        process, _ = start(store, unbroken.job, moment)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        left.append(unbroken.count_left(store))
        assert stream(store, **JOBS[unbroken.job]).num_computed == left[-1]
        unbroken.assert_same(store)
    assert left == sorted(left, reverse=True)
    assert left[0] > left[num_kills // 2] > left[-1]


def test_killed_again_and_again(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory):
    store, delays = tmp_path / "s.zarr", np.random.default_rng(1)
    counts = []
    for _ in range(8):
        process, _ = start(store, "matrix")
        time.sleep(delays.uniform(0.2, 0.5))
        process.kill()
        process.join()
        if not journal_of(store).exists() and store.exists():
            break
        counts.append(len(done_tiles(store)))
    assert counts == sorted(counts)
    stream(store)
    run_unbroken("matrix", tmp_path_factory).assert_same(store)


# What a process may die at after its last tile.
LAST_STEPS = {
    "the strongest probes": (streaming, "keep_top"),
    "the class table": (streaming, "keep_classes"),
    "the journal": (Journal, "remove"),
    "half of the journal": (Path, "rename"),
    "the answer": (streaming, "_open"),
}


def run_to_a_step(store: Path, step: str, job: str) -> None:
    place, name = LAST_STEPS[step]
    former = getattr(place, name)

    def step_and_die(path: Path, target: Path) -> Path:
        moved = former(path, target)
        if path.suffix == ".growing":
            die()
        return moved

    setattr(place, name, step_and_die if name == "rename" else die)
    stream(store, **JOBS[job])


@pytest.mark.parametrize("unbroken", ["matrix", "no matrix"], indirect=True)
@pytest.mark.parametrize("step", LAST_STEPS)
def test_killed_after_the_last_tile(step: str, tmp_path: Path, unbroken: Unbroken):
    if step == "the class table" and unbroken.job == "matrix":
        pytest.skip("none is kept")
    store = tmp_path / "s.zarr"
    process = FORKED.Process(target=run_to_a_step, args=(store, step, unbroken.job))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert unbroken.count_left(store) == 0
    again = stream(store, **JOBS[unbroken.job])
    assert (again.num_tiles, again.num_computed) == (NUM_TILES, 0)
    assert again.top_probes is not None
    unbroken.assert_same(store)
