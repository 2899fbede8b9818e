"""Tiles on a Dask cluster of real worker processes."""

import time
from collections.abc import Iterator
from pathlib import Path

import dask
import distributed
import pytest
from tile_jobs import FAULTY, GRID, Sums, notes, run
from tiled_cases import NUM_TILES, digest_tiles, done_tiles, stream

from neurashed.errors import InputError, NeurashedError
from neurashed.results.tiled import Tile
from neurashed.scale import Cluster, cluster, connect, count_processes

NUM_WORKERS = 2
# Workers are forked from a server that has loaded the library, and a dead one is soon found.
SETTINGS = {
    "distributed.worker.multiprocessing-method": "forkserver",
    "distributed.scheduler.allowed-failures": 1,
    "distributed.worker.memory.terminate": 0.6,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.target": False,
    "distributed.comm.timeouts.connect": "5s",
}


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    with (
        dask.config.set(SETTINGS),
        distributed.LocalCluster(
            n_workers=NUM_WORKERS, threads_per_worker=1, processes=True, dashboard_address=":0",
            resources={"SLOT": 1}, memory_limit="1.5GB", silence_logs="CRITICAL",
        ) as local,
        distributed.Client(local) as client,
    ):  # fmt: skip
        yield client


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "here").mkdir()
    run(Sums(tmp_path / "here"), tmp_path / "here" / "s.zarr")
    return digest_tiles(tmp_path / "here" / "s.zarr")


def test_same_bits_as_here(client: distributed.Client, tmp_path: Path):
    stream(tmp_path / "here" / "s.zarr")
    found = stream(tmp_path / "there" / "s.zarr", executor=client)
    assert found.num_computed == NUM_TILES
    assert digest_tiles(tmp_path / "there") == digest_tiles(tmp_path / "here")


def test_workers_are_counted(client: distributed.Client):
    assert count_processes(client) == count_processes(Cluster(client)) == NUM_WORKERS


@pytest.mark.parametrize("sees_store", [True, False])
def test_work_is_sent_once_to_each_worker(
    sees_store: bool,
    client: distributed.Client,
    tmp_path: Path,
    whole: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
):
    if not sees_store:
        monkeypatch.setattr(cluster, "_mark", lambda folder, key: folder / "elsewhere" / key)
    run(Sums(tmp_path, pause=0.02), tmp_path / "s.zarr", executor=client, scratch=True)
    assert digest_tiles(tmp_path / "s.zarr") == whole
    opened = notes(tmp_path, "opened")
    assert len(set(opened)) == len(opened) == NUM_WORKERS
    assert sorted(notes(tmp_path, "unpickled")) == sorted(opened)
    assert len(notes(tmp_path, "opened None")) == (0 if sees_store else NUM_WORKERS)


def test_rows_are_let_go_on_the_workers(client: distributed.Client, tmp_path: Path):
    run(Sums(tmp_path), tmp_path / "s.zarr", executor=client)
    held = client.run(_num_held)
    assert held == dict.fromkeys(held, 0)
    assert not client.futures


def _num_held() -> int:
    from neurashed.scale.work import _OPENED  # noqa: PLC0415, of the worker

    return len(_OPENED)


def test_worker_killed_in_the_middle_loses_nothing(
    client: distributed.Client, tmp_path: Path, whole: dict[str, str]
):
    job = Sums(tmp_path, "killed once", pause=0.02)
    outcome = run(job, tmp_path / "s.zarr", executor=client)
    assert (tmp_path / "failed").exists()
    assert outcome.num_computed == len(GRID)
    assert digest_tiles(tmp_path / "s.zarr") == whole
    client.wait_for_workers(NUM_WORKERS, timeout=60)


@pytest.mark.parametrize("fault", ["memory", "refused"])
def test_worker_out_of_memory_names_the_budget(
    fault: str, client: distributed.Client, tmp_path: Path, whole: dict[str, str]
):
    store = tmp_path / "s.zarr"
    with pytest.raises(NeurashedError) as found:
        run(Sums(tmp_path, fault), store, executor=client)
    assert "the budget of each process is 77 MB beside model, data and result" in str(found.value)
    assert "memory=..., --memory" in str(found.value)
    assert 0 < len(done_tiles(store)) < len(GRID)
    assert FAULTY.name not in done_tiles(store)
    client.wait_for_workers(NUM_WORKERS, timeout=60)
    again = run(Sums(tmp_path), store, executor=client)
    assert again.num_computed < len(GRID)
    assert digest_tiles(store) == whole


def test_resources_of_workers(client: distributed.Client, tmp_path: Path, whole: dict[str, str]):
    with pytest.raises(InputError) as found:
        run(Sums(tmp_path), tmp_path / "s.zarr", executor=Cluster(client, {"GPU": 1.0}))
    assert "each tile takes {'GPU': 1.0} and no worker offers it; start workers" in str(found.value)
    executor = Cluster(client, {"SLOT": 1.0})
    run(Sums(tmp_path), tmp_path / "s.zarr", executor=executor)
    assert digest_tiles(tmp_path / "s.zarr") == whole


def test_other_errors_pass(client: distributed.Client, tmp_path: Path):
    with pytest.raises(RuntimeError, match="tile is cursed"):
        run(Sums(tmp_path, "error"), tmp_path / "s.zarr", executor=client)


def test_work_that_cannot_be_sent(client: distributed.Client, tmp_path: Path):
    with (tmp_path / "s").open("w") as file, pytest.raises(InputError) as found:
        run(Sums(tmp_path, fault=file), tmp_path / "s.zarr", executor=client)  # pyright: ignore[reportArgumentType]
    assert "the work cannot be sent to the workers" in str(found.value)


def test_connected_by_address(client: distributed.Client, tmp_path: Path, whole: dict[str, str]):
    connected = connect(client.scheduler.address)
    run(Sums(tmp_path), tmp_path / "s.zarr", executor=connected)
    connected.client.close()
    assert digest_tiles(tmp_path / "s.zarr") == whole


def test_nobody_answers():
    began = time.monotonic()
    with pytest.raises(NeurashedError) as found:
        connect("tcp://127.0.0.1:9", timeout=0.5)
    assert time.monotonic() - began < 20
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in str(found.value)
    assert "start one with `dask scheduler`" in str(found.value)


def test_cluster_that_goes_away(tmp_path: Path):
    """Here the workers are threads: it is the end of the scheduler that is looked at."""
    local = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0",
        silence_logs="CRITICAL",
    )  # fmt: skip

    def close_after_three(items: list[Tile], **_: object) -> Iterator[Tile]:
        for place, item in enumerate(items):
            if place == 3:
                local.close()
            yield item

    store = tmp_path / "s.zarr"
    with distributed.Client(local) as client, pytest.raises(NeurashedError) as found:
        run(Sums(tmp_path, pause=0.05), store, executor=client, progress=close_after_three)
    assert "the Dask cluster was lost" in str(found.value)
    assert "repeat the command to go on" in str(found.value)
    assert 0 < len(done_tiles(store)) < len(GRID)
