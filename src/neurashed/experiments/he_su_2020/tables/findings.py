"""The tables: each cell over seeds, beside the published one."""

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurashed.experiments.he_su_2020.tables.published import PUBLISHED, ROWS
from neurashed.experiments.he_su_2020.tables.tasks import TASKS
from neurashed.experiments.he_su_2020.tables.units import read_units
from neurashed.experiments.whole_files import write_whole
from neurashed.results import RunFolder

__all__ = [
    "CSV_FILE",
    "MARKDOWN_FILE",
    "TableCell",
    "count_seeds",
    "find_in_tables",
    "missing_of",
    "write_tables",
]

CSV_FILE = "tables.csv"
MARKDOWN_FILE = "tables.md"

_TITLES = {"mnist": "MNIST", "cifar10": "CIFAR-10", "digits": "Digits of 8×8"}
_NOT_RUN = "–"
# What the table says of the trainings behind a cell.
_OF_TRAINING = ("lr", "loss", "accuracy", "lr_lambda_max", "dead_fraction")


@dataclass(frozen=True)
class TableCell:
    """One row of the tables on one task.

    Attributes:
        dataset: Name of the data set.
        task: Name of the task.
        row: Name of the row, from `ROWS`.
        num_seeds: How many runs; 0 if the cell was not run.
        mean: Mean accuracy in percent, under the best matching of clusters and classes.
        standard_deviation: Of one run, with ``n − 1``; NaN for fewer than two.
        nmi: Mean normalized mutual information.
        ari: Mean adjusted Rand index.
        num_left_out: Most images of one run that have no cluster.
        published: The authors' accuracy in percent; None if there is none.
        is_recalled: Whether that is from memory of the paper.
        training: Means over runs of what training came to; empty without a network.
    """

    dataset: str
    task: str
    row: str
    num_seeds: int
    mean: float
    standard_deviation: float
    nmi: float
    ari: float
    num_left_out: int
    published: float | None
    is_recalled: bool
    training: dict[str, float]

    def __str__(self) -> str:
        """Return what a table shows: ours, and the published accuracy in parentheses."""
        ours = _NOT_RUN
        if self.num_seeds == 1:
            ours = f"{self.mean:.1f}"
        elif self.num_seeds:
            ours = f"{self.mean:.1f} ± {self.standard_deviation:.1f}"
        return ours if self.published is None else f"{ours} ({self.published:.1f})"


def find_in_tables(run: RunFolder) -> list[TableCell]:
    """Read what is in the folder of a run, whatever part of the tables that is.

    Args:
        run: The run.

    Returns:
        A cell for each row and task of the data sets that have any, in the order of the tables;
        those that were not run have ``num_seeds`` 0.
    """
    units = read_units(run)
    datasets = {unit["dataset"] for unit in units}
    runs: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for unit in units:
        for row in unit["rows"]:
            runs.setdefault((unit["dataset"], unit["task"], row), []).append(unit)
    return [
        _find_cell(dataset, place, row, runs.get((dataset, task.name, row), []))
        for dataset, tasks in TASKS.items()
        if dataset in datasets
        for row in ROWS
        for place, task in enumerate(tasks)
    ]


def _find_cell(dataset: str, place: int, row: str, units: list[dict[str, Any]]) -> TableCell:
    scores = [unit["rows"][row] for unit in units]
    accuracies = 100 * np.array([each["accuracy"] for each in scores])
    published = PUBLISHED[dataset].get(row)
    return TableCell(
        dataset=dataset,
        task=TASKS[dataset][place].name,
        row=row,
        num_seeds=len(units),
        mean=_mean(accuracies),
        standard_deviation=float(accuracies.std(ddof=1)) if len(units) > 1 else float("nan"),
        nmi=_mean([each["nmi"] for each in scores]),
        ari=_mean([each["ari"] for each in scores]),
        num_left_out=max((each["num_left_out"] for each in scores), default=0),
        published=None if published is None else published.accuracies[place],
        is_recalled=published is not None and published.is_recalled,
        training=_average_training([unit["training"] for unit in units]),
    )


def _mean(values: Any) -> float:  # noqa: ANN401
    return float(np.mean(values)) if len(values) else float("nan")


def _average_training(trainings: list[dict[str, Any]]) -> dict[str, float]:
    return {
        name: _mean([each[name] for each in trainings])
        for name in _OF_TRAINING
        if trainings and all(each.get(name) is not None for each in trainings)
    }


def missing_of(cells: list[TableCell]) -> list[TableCell]:
    """Return the cells that were not run."""
    return [cell for cell in cells if not cell.num_seeds]


def write_tables(run: RunFolder) -> None:
    """Write the tables of a run as CSV, a line for each cell, and as Markdown."""
    cells = find_in_tables(run)
    write_whole(run.path / CSV_FILE, as_csv(cells))
    write_whole(run.path / MARKDOWN_FILE, as_markdown(cells))


def as_csv(cells: list[TableCell]) -> str:
    """Return one line for each cell that was run or published; what is not known is empty."""
    rows = [_as_row(cell) for cell in cells if cell.num_seeds or cell.published is not None]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _as_row(cell: TableCell) -> dict[str, Any]:
    numbers = {
        "accuracy_mean": cell.mean,
        "accuracy_standard_deviation": cell.standard_deviation,
        "nmi_mean": cell.nmi,
        "ari_mean": cell.ari,
        **{f"training_{name}": cell.training.get(name, float("nan")) for name in _OF_TRAINING},
    }
    return {
        "dataset": cell.dataset,
        "task": cell.task,
        "row": cell.row,
        "num_seeds": cell.num_seeds,
        **{name: "" if np.isnan(value) else f"{value:.4g}" for name, value in numbers.items()},
        "num_left_out_most": cell.num_left_out if cell.num_seeds else "",
        "published": "" if cell.published is None else cell.published,
        "published_as_recalled": "yes" if cell.is_recalled else "",
    }


def as_markdown(cells: list[TableCell]) -> str:
    """Return a table for each data set: ours, and the published accuracy in parentheses."""
    datasets = dict.fromkeys(cell.dataset for cell in cells)
    return "\n".join(
        _tabulate(dataset, [cell for cell in cells if cell.dataset == dataset])
        for dataset in datasets
    )


def _tabulate(dataset: str, cells: list[TableCell]) -> str:
    tasks = list(dict.fromkeys(cell.task for cell in cells))
    lines = [f"## {_TITLES[dataset]}", "", f"| method | seeds | {' | '.join(tasks)} |"]
    lines.append("| --- | --- |" + " --- |" * len(tasks))
    for row, name in ROWS.items():
        of_row = [cell for cell in cells if cell.row == row]
        if any(cell.num_seeds or cell.published is not None for cell in of_row):
            mark = "*" if any(cell.is_recalled for cell in of_row) else ""
            cells_of_row = " | ".join(map(str, of_row))
            lines.append(f"| {name}{mark} | {count_seeds(of_row)} | {cells_of_row} |")
    return "\n".join([*lines, ""])


def count_seeds(cells: list[TableCell]) -> str:
    """Return how many seeds cells have, such as ``"5"`` or ``"2 to 5"``."""
    numbers = sorted({cell.num_seeds for cell in cells})
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
