"""One process at a time, and one job in one place."""

import json
import shutil
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from forked import FORKED
from tiled_cases import (
    NUM_TILES,
    TILING,
    digest_tiles,
    done_tiles,
    draw_examples,
    interrupt,
    make_model,
    make_task,
    refused,
    stream,
    tile_file,
)

import neurashed as ns
from neurashed.elasticity import MeasurementOptions, Streamed, plan_streaming
from neurashed.results.tiled import Journal, Storage, journal_of, read_identity


def hold(store: Path, answers: Connection) -> None:
    """Hold the lock of a job until killed."""
    journal = Journal(store)
    journal.folder.mkdir(parents=True, exist_ok=True)
    journal._lock.acquire()
    answers.send("held")
    answers.recv()


def test_second_process_is_refused_and_a_stale_lock_is_not(tmp_path: Path):
    store = tmp_path / "s.zarr"
    interrupt(store, 5)
    ours, theirs = FORKED.Pipe()
    other = FORKED.Process(target=hold, args=(store, theirs))
    other.start()
    assert ours.recv() == "held"
    before = digest_tiles(tmp_path)
    for overwrite in (False, True):
        with refused(f"{store} is being written by another process; wait until it has ended"):
            stream(store, overwrite=overwrite)
    assert digest_tiles(tmp_path) == before
    other.kill()
    other.join()
    assert stream(store).num_computed < NUM_TILES


def test_a_job_that_just_ended_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = tmp_path / "s.zarr"
    begin = Journal.begin

    def begin_late(*given: Any, **options: Any) -> Journal:  # noqa: ANN401
        monkeypatch.setattr(Journal, "begin", begin)
        stream(store)  # another process ends between the first look and the lock
        return begin(*given, **options)

    monkeypatch.setattr(Journal, "begin", begin_late)
    with refused(f"{store} exists already; choose another path or overwrite it"):
        stream(store)
    assert ns.open_result(store, verify="checksums").shape == (44, 44)
    assert not journal_of(store).exists()


CHANGES: dict[str, dict[str, Any]] = {
    "model": {"task": make_task(make_model(1))},
    "data": {"sources": draw_examples(seed=1)},
    "data, grid": {"sources": draw_examples(43)},
    "measure": {"measure": "relative"},
    "storage": {"tiling": replace(TILING, storage=Storage())},
    "top_k": {"tiling": replace(TILING, top_k=4)},
    "grid": {"tiling": replace(TILING, side=16)},
    "seed": {"options": MeasurementOptions(seed=7)},
    "precision": {"options": MeasurementOptions(dtype="float64")},
}


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("unfinished") / "s.zarr"
    interrupt(store, 3)
    return store


@pytest.mark.parametrize("changed", CHANGES)
def test_another_job_is_refused_and_named(changed: str, unfinished: Path):
    before = digest_tiles(unfinished.parent)
    with refused("is an unfinished job with other (.*); nothing of it was changed") as found:
        stream(unfinished, **CHANGES[changed])
    for name in changed.split(", "):
        assert name in str(found.value).split(";", maxsplit=1)[0]
    assert digest_tiles(unfinished.parent) == before


def test_another_version_is_refused(unfinished: Path, monkeypatch: pytest.MonkeyPatch):
    versions = {"versions": {"neurashed": "0.0.1", "torch": torch.__version__}}
    monkeypatch.setattr("neurashed.elasticity.tile_plan.collect_provenance", lambda: versions)
    with refused("is an unfinished job with other versions;"):
        stream(unfinished)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Streamed:
    return stream(tmp_path_factory.mktemp("finished") / "s.zarr")


def test_the_same_job_that_has_ended_is_opened(
    finished: Streamed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    before = digest_tiles(finished.path.parent)
    monkeypatch.setattr("neurashed.elasticity.streaming.run_work", None)
    caplog.set_level("INFO", "neurashed")
    again = stream(finished.path)
    assert (again.num_tiles, again.num_computed, again.seconds) == (NUM_TILES, 0, {})
    assert again.operations == finished.operations
    said = f"{finished.path} was made before by the same job; nothing is computed"
    assert caplog.messages == [said]
    assert digest_tiles(finished.path.parent) == before
    xr.testing.assert_identical(again.result.load(), finished.result.load())
    xr.testing.assert_identical(again.top_probes, finished.top_probes)
    # What was chosen then holds, as for a job that goes on.
    assert stream(finished.path, tiling=replace(TILING, side=None), memory=None).num_computed == 0


@pytest.mark.parametrize("changed", CHANGES)
def test_another_job_that_has_ended_is_refused_and_named(changed: str, finished: Streamed):
    before = digest_tiles(finished.path.parent)
    with refused(r"s.zarr exists already, of a job with other (.*); choose another path") as found:
        stream(finished.path, **CHANGES[changed])
    for name in changed.split(", "):
        assert name in str(found.value).split(";", maxsplit=1)[0]
    assert digest_tiles(finished.path.parent) == before


def test_another_version_has_made_it(finished: Streamed, monkeypatch: pytest.MonkeyPatch):
    versions = {"versions": {"neurashed": "0.0.1", "torch": torch.__version__}}
    monkeypatch.setattr("neurashed.elasticity.tile_plan.collect_provenance", lambda: versions)
    with refused("exists already, of a job with other versions;"):
        stream(finished.path)


def test_what_does_not_say_who_made_it_is_refused(tmp_path: Path):
    store = stream(tmp_path / "s.zarr").path
    metadata = json.loads((store / "zarr.json").read_text())
    for job in (None, 3, {"identity": 3, "notes": {}}, {"notes": {}}):
        metadata["attributes"]["neurashed"]["job"] = job
        (store / "zarr.json").write_text(json.dumps(metadata))
        with refused("s.zarr exists already; choose another path or overwrite it"):
            stream(store)
    del metadata["attributes"]["neurashed"]["job"]
    (store / "zarr.json").write_text(json.dumps(metadata))
    with refused("s.zarr exists already; choose another path or overwrite it"):
        stream(store)


@pytest.mark.parametrize("gone", ["s.zarr", "s.top_probes.zarr"])
def test_half_of_what_a_job_has_made_is_refused(gone: str, tmp_path: Path):
    stream(tmp_path / "s.zarr")
    shutil.rmtree(tmp_path / gone)
    with refused(f"exists already, and .*{gone} of the same job does not; choose another path"):
        stream(tmp_path / "s.zarr")
    assert stream(tmp_path / "s.zarr", overwrite=True).num_computed == NUM_TILES


def test_damage_is_found_before_it_is_taken_for_done(tmp_path: Path):
    store = stream(tmp_path / "s.zarr").path
    path = tile_file(store, 2, 1)
    path.write_bytes(path.read_bytes()[::-1])
    with refused("s.zarr is damaged: 1 of its files are changed"):
        stream(store)


def test_overwriting_begins_anew_or_goes_on_with_the_same(tmp_path: Path):
    store = tmp_path / "s.zarr"
    interrupt(store, 5)
    done = len(done_tiles(store))
    assert stream(store, overwrite=True).num_computed == NUM_TILES - done
    other = make_task(make_model(1))
    with refused("exists already, of a job with other model"):
        stream(store, task=other)
    interrupt(store, 5, overwrite=True, task=other)
    assert stream(store, overwrite=True).num_computed == NUM_TILES
    expected = stream(tmp_path / "expected.zarr")
    np.testing.assert_array_equal(ns.open_result(store).values, expected.result.values)


def test_the_budget_and_tiles_of_the_first_call_hold(tmp_path: Path):
    store = tmp_path / "s.zarr"
    interrupt(store, 5, memory="64MB")
    plan = plan_streaming(
        make_task(), draw_examples(), None, measure="kernelized", step="first_order",
        tiling=replace(TILING, side=None), memory=None, device="auto",
        options=MeasurementOptions(), begun=read_identity(store),
    )  # fmt: skip
    assert plan.prepared.memory == 64_000_000
    assert plan.job.grid.height == TILING.side
    found = stream(store, tiling=replace(TILING, side=None), memory=None)
    assert found.num_computed < NUM_TILES
