"""The smallest piece of work: one approach on one task from one seed, kept as one file."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from neurashed.clustering import agreement
from neurashed.data import CoarseTask
from neurashed.errors import InputError, StoreError
from neurashed.experiments.he_su_2020.tables.approaches import APPROACHES
from neurashed.experiments.he_su_2020.tables.settings import TableSelection, TableSettings
from neurashed.experiments.he_su_2020.tables.tasks import TASKS, TableTask
from neurashed.results import RunFolder, collect_provenance

__all__ = [
    "Unit",
    "checksums_of",
    "list_made_units",
    "list_units",
    "make_unit",
    "read_cells",
    "read_units",
    "units_of",
]


@dataclass(frozen=True)
class Unit:
    """One approach on one task from one seed.

    Attributes:
        dataset: Name of the data set.
        task: The pair of classes.
        approach: Name from `APPROACHES`.
        seed: Seed.
        spec: Where the images are, see `neurashed.data.load_examples`.
        folder: Where a relative path in it starts.
    """

    dataset: str
    task: TableTask
    approach: str
    seed: int
    spec: str
    folder: str

    @property
    def file(self) -> str:
        """Name of the file that the unit is kept in."""
        return f"{self.dataset}_{self.task.name}_{self.approach}_{self.seed}.json"

    def is_made(self, folder: Path, data: dict[str, str]) -> bool:
        """Return whether the file is there, whole, and about these images."""
        record = _read(folder / self.file)
        return record is not None and record.get("data") == data


def list_units(selection: TableSelection) -> list[Unit]:
    """Return all units of a selection: every task and approach of the first seed, then the next."""
    known = {task.name for dataset in selection.data for task in TASKS.get(dataset, ())}
    _check_known(selection.data, TASKS, "data set")
    _check_known(selection.tasks, known, "task")
    _check_known(selection.approaches, APPROACHES, "approach")
    return [
        Unit(dataset, task, approach, seed, selection.data[dataset], selection.folder)
        for seed in selection.seeds
        for dataset in selection.data
        for task in TASKS[dataset]
        if not selection.tasks or task.name in selection.tasks
        for approach in selection.approaches or APPROACHES
    ]


def make_unit(unit: Unit, coarse: CoarseTask, settings: TableSettings) -> dict[str, Any]:
    """Cluster the primary images of a task in one way, and score the clusters.

    Args:
        unit: The unit.
        coarse: The images of its task.
        settings: How networks are trained.

    Returns:
        What the file of the unit holds. In one thread, so that the numbers are the same wherever
        they are made.
    """
    began = time.perf_counter()
    truth = coarse.hidden_classes
    assert truth is not None
    with _one_thread():
        outcome = APPROACHES[unit.approach](coarse, settings, unit.seed)
    rows = {name: asdict(agreement(each, truth)) for name, each in outcome.labels.items()}
    return {
        "dataset": unit.dataset,
        "task": unit.task.name,
        "approach": unit.approach,
        "seed": unit.seed,
        "spec": unit.spec,
        "folder": unit.folder,
        "data": checksums_of(coarse),
        "rows": rows,
        "training": outcome.training,
        "seconds": round(time.perf_counter() - began, 3),
        "versions": collect_provenance()["versions"],
    }


def checksums_of(coarse: CoarseTask) -> dict[str, str]:
    """Return what tells the images of a task from any others."""
    return {"primary": coarse.primary.checksum(), "auxiliary": coarse.auxiliary.checksum()}


def list_made_units(run: RunFolder) -> list[Unit]:
    """Return the units that a run holds.

    Args:
        run: Its folder.

    Returns:
        Its units, by data set, task, approach and seed.

    Raises:
        StoreError: If there is none, or one does not say where its images are, as those of earlier
            versions.
    """
    records = read_units(run)
    if not records:
        message = f"{run.path} holds no unit of the tables; make some before repeating them"
        raise StoreError(message)
    if any("spec" not in record for record in records):
        message = (
            f"the units in {run.path} do not say where their images are; make the tables again, in "
            "another folder"
        )
        raise StoreError(message)
    tasks = {(dataset, task.name): task for dataset in TASKS for task in TASKS[dataset]}
    return [
        Unit(
            dataset=record["dataset"],
            task=tasks[record["dataset"], record["task"]],
            **{name: record[name] for name in ("approach", "seed", "spec", "folder")},
        )
        for record in records
    ]


def read_cells(run: RunFolder) -> dict[str, dict[str, Any]]:
    """Read what each unit of a run came to, for comparison with another run.

    Args:
        run: Its folder.

    Returns:
        Scores of each row and the end of training, by the name of the unit.
    """
    return {
        f"{record['dataset']} {record['task']} {record['approach']} {record['seed']}": {
            name: record[name] for name in ("rows", "training")
        }
        for record in read_units(run)
    }


def units_of(run: RunFolder) -> Path:
    """Return where the units of a run are kept: beside results, with which they are replaced."""
    return run.path / "results" / "units"


def read_units(run: RunFolder) -> list[dict[str, Any]]:
    """Return what is in the files of all units that are there and whole."""
    records = [_read(path) for path in sorted(units_of(run).glob("*.json"))]
    return [record for record in records if record is not None]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and "rows" in record else None


def _check_known(names: Any, known: Any, what: str) -> None:  # noqa: ANN401
    for name in names:
        if name not in known:
            message = f"there is no {what} {name!r}; use some of {', '.join(sorted(known))}"
            raise InputError(message)


@contextmanager
def _one_thread() -> Iterator[None]:
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)
