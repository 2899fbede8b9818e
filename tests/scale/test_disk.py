"""Disks that are full or read-only: said clearly, and nothing is lost."""

import errno
import os
import resource
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import zarr
from forked import FORKED
from tiled_cases import (
    NUM_TILES,
    TILING,
    done_tiles,
    draw_examples,
    interrupt,
    make_task,
    refused,
    stream,
)
from torch import nn

import neurashed as ns
from neurashed.elasticity import Tiling, plan_streaming
from neurashed.elasticity.sizes import describe_bytes
from neurashed.elasticity.tile_plan import check_disk
from neurashed.errors import NeurashedError, StoreError
from neurashed.results.tiled import Journal, Storage, journal_of


def test_disk_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with refused("has 1 kB left and the job needs up to .* make room, keep fewer bits"):
        stream(tmp_path / "s.zarr")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("has_probes", [False, True])
@pytest.mark.parametrize("choices", [{"top_k": 9}, {"class_table": True}])
def test_what_is_kept_of_every_tile_is_counted(
    choices: dict[str, Any], has_probes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = tmp_path / "s.zarr"
    sources = draw_examples(300, num_classes=30)
    probes = draw_examples(100, first_id=400, num_classes=30) if has_probes else None
    given: dict[str, Any] = {
        "sources": sources, "probes": probes, "measure": "tangent_kernel",
        "tiling": Tiling(keep_matrix=False, side=64, **choices),
    }  # fmt: skip
    monkeypatch.setattr(Journal, "remove", Journal.close)
    stream(store, **given)
    kept = sum(path.stat().st_size for path in (journal_of(store) / "done").glob("*.npz"))
    planned = plan_streaming(make_task(), **given).bytes_on_disk
    assert kept / 1.4 < planned < 2 * kept  # the files have heads, and the last tiles are smaller


SCRATCH: dict[str, tuple[Any, int, str]] = {
    "here": (None, 1, "{one} of scratch"),
    "threads": (ThreadPoolExecutor(3), 1, "{one} of scratch"),
    "processes": (
        ProcessPoolExecutor(3, mp_context=FORKED), 3,
        "{three} of scratch, {one} for each of 3 processes",
    ),
    "who knows": (Executor(), 1, "{one} of scratch for each worker"),
}  # fmt: skip


@pytest.mark.parametrize("where", SCRATCH)
def test_every_process_has_a_scratch_of_its_own(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    executor, num_counted, said = SCRATCH[where]
    sources = ns.Examples(torch.zeros(1000, 500), torch.zeros(1000))
    task = ns.Task(nn.Sequential(nn.Linear(500, 1499), nn.Linear(1499, 1)), "mse", "output")
    given = {"executor": executor, "memory": "16MB", "tiling": Tiling(side=64)}
    plan = plan_streaming(task, sources, **given)
    assert plan.scratch_bytes > 8e6
    one, three = (describe_bytes(num * plan.scratch_bytes) for num in (1, 3))
    said = said.format(one=one, three=three)
    assert plan.describe().splitlines()[1].endswith(f" for the result and {said}")
    needed = plan.bytes_on_disk + num_counted * plan.scratch_bytes
    for free in (needed, needed - 1):
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))  # noqa: B023
        if free == needed:
            check_disk(plan, tmp_path / "s.zarr", 0)
            continue
        with refused(rf"of result, {said}\); make room.*; scratch='none' computes again what"):
            ns.stream_elasticity(task, sources, store=tmp_path / "s.zarr", **given)
    assert not list(tmp_path.iterdir())


def test_full_disk_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store, written = tmp_path / "s.zarr", []
    put = zarr.storage._local._put

    def put_few(path: Path, *args: object, **options: object) -> int:
        written.append(path)
        if len(written) > 60:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return put(path, *args, **options)

    monkeypatch.setattr(zarr.storage._local, "_put", put_few)
    with refused("tile .* of .*s.zarr cannot be written: .*No space left .* make room, and repeat"):
        stream(store)
    monkeypatch.undo()
    done = len(done_tiles(store))
    assert 0 < done < NUM_TILES
    assert stream(store).num_computed == NUM_TILES - done


@pytest.mark.parametrize("of_files", ["job.json", "npz", "json", "zarr.json"])
def test_full_disk_anywhere(of_files: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every file that is written with Python's own calls, refused at its first write."""
    store, sync = tmp_path / "s.zarr", os.fsync

    def refuse(descriptor: int) -> None:
        if of_files in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match="No space left on device"):
        stream(store)
    monkeypatch.undo()
    stream(store)
    assert ns.open_result(store, verify="checksums").shape == (44, 44)


def run_with_small_files(store: Path, answers: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
    tiling = replace(TILING, storage=Storage(dtype="float64"), side=16)
    try:
        stream(store, tiling=tiling)
    except NeurashedError as error:
        answers.send(f"{type(error).__name__}: {error}")


def test_file_size_limit(tmp_path: Path):
    ours, theirs = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=run_with_small_files, args=(tmp_path / "s.zarr", theirs))
    process.start()
    theirs.close()
    message = ours.recv()
    process.join()
    assert message.startswith("StoreError: "), message
    assert "File too large" in message
    assert "make room, and repeat the command to go on" in message


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write away, from the superuser too."""
    tree = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in tree]
    parents = [path for path in folder.parents if path.stat().st_uid == os.geteuid()]
    opened = [(path, path.stat().st_mode) for path in parents]
    user = os.geteuid()
    for path, mode in opened:
        path.chmod(mode | 0o555)
    for path in tree:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        for path, mode in (*opened, *zip(tree, modes, strict=True)):
            path.chmod(mode)


def test_read_only_places(tmp_path: Path):
    folder = tmp_path / "place"
    store = folder / "s.zarr"
    folder.mkdir()
    with read_only(folder), refused("cannot be written: .*Permission denied.* choose a folder"):
        stream(store)
    interrupt(store, 4)
    done = len(done_tiles(store))
    with read_only(folder), refused("cannot be written: .*Permission denied.* choose a folder"):
        stream(store)
    assert stream(store).num_computed == NUM_TILES - done
    with read_only(folder):
        assert ns.open_result(store)[3, 4].values > 0


def test_parent_is_a_file(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with refused("cannot be written: .*Not a directory.* choose a folder that can be written"):
        stream(tmp_path / "file" / "s.zarr")
    assert (tmp_path / "file").read_text() == "mine"


def test_store_is_a_file(tmp_path: Path):
    (tmp_path / "s.zarr").write_text("mine")
    with refused("exists already"):
        stream(tmp_path / "s.zarr")
    assert (tmp_path / "s.zarr").read_text() == "mine"
