"""Tiles on any executor: the same bits, and clear words where a worker fails."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from forked import FORKED
from tile_jobs import FAULTY, GRID, Sums, notes, run
from tiled_cases import NUM_TILES, digest_tiles, done_tiles, make_task, stream
from torch import nn

from neurashed.errors import InputError, InputTypeError, NeurashedError
from neurashed.results.tiled import TiledMatrix

BUDGET = "the budget of each process is 77 MB beside model, data and result"


class Backwards(Executor):
    """Runs nothing until it has been given everything, and then the last first."""

    def __init__(self, num: int) -> None:
        self.num = num
        self.waiting: list[tuple[Future, Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: object, **kwargs: object) -> Future:
        self.waiting.append((Future(), lambda: fn(*args, **kwargs)))
        last = self.waiting[-1][0]
        if len(self.waiting) == self.num:
            for future, call in reversed(self.waiting):
                future.set_result(call())
        return last


def processes(method: str) -> ProcessPoolExecutor:
    context = FORKED if method == "forkserver" else multiprocessing.get_context(method)
    return ProcessPoolExecutor(2, mp_context=context)


EXECUTORS = {
    "threads": lambda: ThreadPoolExecutor(3),
    "spawned": lambda: processes("spawn"),
    "forked": lambda: processes("fork"),
    "forked from a server": lambda: processes("forkserver"),
    "backwards": lambda: Backwards(NUM_TILES),
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return digest_tiles(stream(tmp_path_factory.mktemp("local") / "s.zarr").path.parent)


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_written_beside_what_is_computed_on_another_device(tmp_path: Path, is_elsewhere: bool):
    writers = set()
    job = Sums(tmp_path, is_elsewhere=is_elsewhere)
    write = TiledMatrix.write

    def note(*args: Any) -> Any:  # noqa: ANN401
        writers.add(threading.current_thread().name)
        return write(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TiledMatrix, "write", note)
        outcome = run(job, tmp_path / "s.zarr")
    assert outcome.num_computed == len(job.grid)
    assert list(outcome.records) == [tile.name for tile in job.grid]
    assert (writers != {"MainThread"}) == is_elsewhere
    plain = run(Sums(tmp_path), tmp_path / "plain.zarr")
    contents = [
        [record["content"] for record in each.records.values()] for each in (outcome, plain)
    ]
    assert contents[0] == contents[1]


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("name", EXECUTORS)
def test_same_bits_on_every_executor(name: str, tmp_path: Path, local: dict[str, str]):
    with EXECUTORS[name]() as executor:
        found = stream(tmp_path / "s.zarr", executor=executor)
    assert found.num_computed == NUM_TILES
    assert digest_tiles(tmp_path) == local


@pytest.mark.parametrize("measure", ["relative", "loss_change"])
@pytest.mark.parametrize("step", ["exact", "first_order"])
def test_threads_share_a_model(measure: str, step: str, tmp_path: Path):
    stream(tmp_path / "here" / "s.zarr", measure=measure, step=step)
    with ThreadPoolExecutor(4) as executor:
        stream(tmp_path / "there" / "s.zarr", measure=measure, step=step, executor=executor)
    assert digest_tiles(tmp_path / "there") == digest_tiles(tmp_path / "here")


def test_work_is_read_once_by_each_process_and_scratch_is_its_own(tmp_path: Path):
    with processes("forkserver") as executor:
        run(Sums(tmp_path, pause=0.02), tmp_path / "s.zarr", executor=executor, scratch=True)
    workers = set(notes(tmp_path, "opened"))
    assert len(notes(tmp_path, "opened")) == len(workers) == 2
    assert sorted(notes(tmp_path, "unpickled")) == sorted(workers)
    scratch = [line.split()[2] for line in (tmp_path / "notes").read_text().splitlines()
               if "opened" in line]  # fmt: skip
    assert len(set(scratch)) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "s.zarr"]


def test_model_that_cannot_be_sent(tmp_path: Path):
    class Local(nn.Linear):
        pass

    with processes("forkserver") as executor, pytest.raises(InputError) as found:
        stream(tmp_path / "s.zarr", task=make_task(Local(5, 1)), executor=executor)
    assert "cannot be sent to another process: Can't pickle local object" in str(found.value)
    assert "define the model and its loss in a module" in str(found.value)


@pytest.mark.parametrize("fault", ["killed", "refused", "torch"])
@pytest.mark.parametrize("is_here", [False, True])
def test_worker_that_fails_names_the_budget_and_keeps_what_is_done(
    fault: str, is_here: bool, tmp_path: Path
):
    store = tmp_path / "s.zarr"
    if is_here and fault == "killed":
        pytest.skip("it would be this process")
    with processes("forkserver") as executor, pytest.raises(NeurashedError) as found:
        run(Sums(tmp_path, fault), store, executor=None if is_here else executor)
    assert BUDGET in str(found.value)
    assert "Tiles that are done are kept" in str(found.value)
    assert FAULTY.name not in done_tiles(store)
    with processes("forkserver") as executor:
        again = run(Sums(tmp_path), store, executor=executor)
    assert again.num_computed <= len(GRID) - len(done_tiles(store))
    run(Sums(tmp_path), tmp_path / "whole.zarr")
    assert digest_tiles(store) == digest_tiles(tmp_path / "whole.zarr")


def test_other_errors_pass(tmp_path: Path):
    for executor in (None, ThreadPoolExecutor(2)):
        with pytest.raises(RuntimeError, match="tile is cursed"):
            run(Sums(tmp_path, "error"), tmp_path / "s.zarr", executor=executor)


def test_not_an_executor(tmp_path: Path):
    with pytest.raises(InputTypeError, match="executor is a int; give a concurrent"):
        run(Sums(tmp_path), tmp_path / "s.zarr", executor=2)


def test_rows_are_let_go_at_the_end(tmp_path: Path):
    import_rows = pytest.importorskip("neurashed.scale.work")
    stream(tmp_path / "s.zarr")
    assert not import_rows._OPENED
    assert torch.get_num_threads() == 1
