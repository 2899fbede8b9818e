"""A job that is killed with SIGKILL goes on with the same call, and comes to the same bits."""

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import FORKED
from tiled_cases import NUM_TILES, content_checksum, digest_tiles, done_tiles, stream

import neurashed as ns
from neurashed.results.tiled import journal_of

NUM_KILLS = 20
# Before each of these a process may be killed: they are all that a job does to its files.
TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir", "os.truncate"}


def run_to_its_death(store: Path, moment: int, answers: Connection) -> None:
    """Run the job and die before it touches its files for the given time, or tell how often."""
    os.fsync = lambda _: None
    touched = 0

    def count(event: str, args: tuple[Any, ...]) -> None:
        nonlocal touched
        if event in TOUCHES and str(args[0]).startswith(str(store.parent)):
            touched += 1
            if touched == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    stream(store)
    answers.send(touched)


def start(store: Path, moment: int = -1) -> tuple[Any, Connection]:
    ours, theirs = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=run_to_its_death, args=(store, moment, theirs))
    process.start()
    theirs.close()
    return process, ours


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A store that was never interrupted, and how often its files were touched."""
    store = tmp_path_factory.mktemp("unbroken") / "s.zarr"
    process, answers = start(store)
    touched = answers.recv()
    process.join()
    return store, touched


def assert_same_stores(store: Path, expected: Path) -> None:
    for name in ("s.zarr", "s.top_probes.zarr"):
        ours, theirs = store.with_name(name), expected.with_name(name)
        assert digest_tiles(ours) == digest_tiles(theirs)
    assert content_checksum(store) == content_checksum(expected)
    ns.open_result(store, verify="checksums")
    assert sorted(path.name for path in store.parent.iterdir()) == ["s.top_probes.zarr", "s.zarr"]


def finish(store: Path) -> int:
    """Repeat the call after a kill; return how many tiles were computed."""
    if store.exists() and not journal_of(store).exists():
        ns.open_result(store)  # killed at its very end: whole, which a repeated call says
        with pytest.raises(ns.errors.StoreError, match="exists already"):
            stream(store)
        return 0
    return stream(store).num_computed


def test_killed_at_random_moments(tmp_path: Path, unbroken: tuple[Path, int]):
    expected, touched = unbroken
    moments = np.random.default_rng(0).choice(np.arange(1, touched + 1), NUM_KILLS, replace=False)
    left = []
    for moment in sorted(moments.tolist()):
        store = tmp_path / str(moment) / "s.zarr"
        store.parent.mkdir()
        process, _ = start(store, moment)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        done = len(done_tiles(store)) if journal_of(store).exists() else NUM_TILES * store.exists()
        left.append(NUM_TILES - done)
        assert finish(store) == left[-1]
        assert_same_stores(store, expected)
    assert left == sorted(left, reverse=True)
    assert left[0] == NUM_TILES > left[NUM_KILLS // 2] > left[-1]


def test_killed_again_and_again(tmp_path: Path, unbroken: tuple[Path, int]):
    store, delays = tmp_path / "s.zarr", np.random.default_rng(1)
    counts = []
    for _ in range(8):
        process, _ = start(store)
        time.sleep(delays.uniform(0.2, 0.5))
        process.kill()
        process.join()
        if not journal_of(store).exists() and store.exists():
            break
        counts.append(len(done_tiles(store)))
    assert counts == sorted(counts)
    finish(store)
    assert_same_stores(store, unbroken[0])
