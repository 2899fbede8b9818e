"""The clustering tables: their cells, and how they are filled a piece at a time."""

import csv
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from table_cases import FAST, SMALL, WHOLE, write_mnist

from neurashed.clustering import agreement
from neurashed.data import CoarseTask
from neurashed.errors import InputError, StoreError
from neurashed.experiments.he_su_2020.tables import (
    APPROACHES,
    CSV_FILE,
    MARKDOWN_FILE,
    ROWS,
    TASKS,
    TableCell,
    TableSelection,
    TableSettings,
    find_in_tables,
    load_task,
    missing_of,
    run_tables,
)
from neurashed.experiments.he_su_2020.tables.approaches import Outcome
from neurashed.results import RunFolder


@pytest.fixture(scope="module")
def coarse() -> CoarseTask:
    return load_task(TASKS["digits"][0], "digits", SMALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_tables(SMALL, WHOLE, tmp_path_factory.mktemp("tables") / "run")


def scores_of(run: RunFolder) -> dict[str, Any]:
    units = (run.path / "results/units").glob("*.json")
    records = {path.name: json.loads(path.read_text()) for path in units}
    return {name: (each["rows"], each["training"]) for name, each in records.items()}


def cell_of(run: RunFolder, row: str) -> TableCell:
    [cell] = [each for each in find_in_tables(run) if each.row == row]
    return cell


def test_cells_are_means_over_seeds_beside_the_published(run: RunFolder, coarse: CoarseTask):
    cell = cell_of(run, "relu_bce_kernelized")
    truth = coarse.hidden_classes
    assert truth is not None
    found = [
        agreement(APPROACHES["relu_bce"](coarse, SMALL, seed).labels[cell.row], truth)
        for seed in (0, 3)
    ]
    accuracies = [100 * each.accuracy for each in found]
    assert cell.num_seeds == 2
    assert cell.mean == pytest.approx(np.mean(accuracies))
    assert cell.standard_deviation == pytest.approx(abs(np.diff(accuracies)[0]) / math.sqrt(2))
    assert cell.nmi == pytest.approx(np.mean([each.nmi for each in found]))
    assert cell.training["lr_lambda_max"] > 0
    missing = {each.row for each in missing_of(find_in_tables(run))}
    assert missing == set(ROWS) - {
        "k_means", "linear_mse_relative", "linear_mse_kernelized", "relu_bce_relative",
        "relu_bce_kernelized",
    }  # fmt: skip


def test_tables_are_written_from_all_that_is_there(run: RunFolder):
    with (run.path / CSV_FILE).open(newline="") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    cell = cell_of(run, "linear_mse_relative")
    assert float(rows["linear_mse_relative"]["accuracy_mean"]) == pytest.approx(cell.mean, rel=1e-3)
    assert rows["k_means"]["training_loss"] == ""
    assert float(rows["linear_mse_relative"]["training_lr"]) == pytest.approx(
        cell.training["lr"], rel=1e-3
    )
    lines = (run.path / MARKDOWN_FILE).read_text().splitlines()
    assert lines[2] == "| method | seeds | 5v8 |"
    assert (
        f"| linear, MSE, relative | 2 | {cell.mean:.1f} ± {cell.standard_deviation:.1f} |" in lines
    )


@pytest.mark.parametrize(
    ("num_seeds", "published", "shown"),
    [
        (5, 75.9, "60.0 ± 2.5 (75.9)"),
        (1, 75.9, "60.0 (75.9)"),
        (5, None, "60.0 ± 2.5"),
        (0, 75.9, "– (75.9)"),
        (0, None, "–"),
    ],
)
def test_a_cell_shows_ours_beside_the_published(num_seeds: int, published: float, shown: str):
    cell = TableCell(
        "mnist", "5v8", "k_means", num_seeds, 60.0, 2.5, 0.0, 0.0, 0, published, False, {}
    )
    assert str(cell) == shown


def test_a_killed_run_resumes_to_the_same_numbers(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = []

    def counted(limit: int, approach: Callable[..., Outcome]) -> Callable[..., Outcome]:
        def make(*arguments: Any) -> Outcome:  # noqa: ANN401
            if len(made) == limit:
                raise KeyboardInterrupt
            made.append(arguments[2])
            return approach(*arguments)

        return make

    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        for name in FAST:
            patch.setitem(APPROACHES, name, counted(4, APPROACHES[name]))
        with pytest.raises(KeyboardInterrupt):
            run_tables(SMALL, WHOLE, path)
    # Of the four units that were there, one is damaged.
    (path / "results/units/digits_5v8_k_means_0.json").write_text('{"rows": ')
    with monkeypatch.context() as patch:
        for name in FAST:
            patch.setitem(APPROACHES, name, counted(100, APPROACHES[name]))
        resumed = run_tables(SMALL, WHOLE, path)
    assert made == [0, 0, 0, 3, 0, 3, 3]
    assert scores_of(resumed) == scores_of(run)
    for file in (CSV_FILE, MARKDOWN_FILE):
        assert (resumed.path / file).read_text() == (run.path / file).read_text()


def test_pieces_in_any_order_are_the_whole(run: RunFolder, tmp_path: Path):
    path = tmp_path / "run"
    run_tables(SMALL, replace(WHOLE, approaches=("relu_bce",), seeds=(3,)), path)
    run_tables(SMALL, replace(WHOLE, approaches=("linear_mse", "k_means")), path)
    whole = run_tables(SMALL, WHOLE, path)
    assert scores_of(whole) == scores_of(run)
    assert (path / CSV_FILE).read_text() == (run.path / CSV_FILE).read_text()


def test_units_of_other_images_are_made_again(tmp_path: Path):
    path, settings = tmp_path / "run", TableSettings(primary_per_class=4, auxiliary_total=4)
    chosen: dict[str, Any] = {"tasks": ("3v8",), "approaches": ("k_means",), "seeds": (0,)}
    labels = [3] * 4 + [8] * 4 + [5] * 4
    for folder, numbers in (("one", labels), ("other", labels[::-1])):
        spec = write_mnist(tmp_path / folder, numbers)
        run = run_tables(settings, TableSelection({"mnist": spec}, **chosen), path)
        record = json.loads((path / "results/units/mnist_3v8_k_means_0.json").read_text())
        expected = load_task(TASKS["mnist"][5], spec, settings).primary.checksum()
        assert record["data"]["primary"] == expected
    assert len(scores_of(run)) == 1


def test_one_folder_holds_cells_of_the_same_settings(run: RunFolder):
    with pytest.raises(StoreError, match="unfinished run with other settings"):
        run_tables(TableSettings(width=9), WHOLE, run.path)


def test_units_are_made_in_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def approach(coarse: CoarseTask, *_: Any) -> Outcome:  # noqa: ANN401
        seen.append(torch.get_num_threads())
        return Outcome({"pca": np.arange(len(coarse.primary)) % 2})

    monkeypatch.setitem(APPROACHES, "pca", approach)
    num_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run_tables(SMALL, replace(WHOLE, approaches=("pca",)), tmp_path / "run")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(num_threads)
    assert seen == [1, 1]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"data": {}}, "no data set is given; say where one is"),
        ({"seeds": ()}, r"seeds are \(\); give at least one"),
        ({"seeds": (1, 1)}, r"seeds are \(1, 1\); give at least one, and each once"),
        (
            {"data": {"svhn": "x"}},
            "there is no data set 'svhn'; use some of cifar10, digits, mnist",
        ),
        ({"tasks": ("3v8",)}, "there is no task '3v8'; use some of 5v8"),
        (
            {"approaches": ("kmeans",)},
            "there is no approach 'kmeans'; use some of autoencoder, cnn",
        ),
    ],
)
def test_what_there_is_not_is_refused(choices: dict, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message):
        run_tables(SMALL, replace(WHOLE, **choices), tmp_path / "run")
    assert not (tmp_path / "run").exists()
