"""The clustering tables: their tasks and cells, and how they are filled a piece at a time."""

import csv
import json
import math
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from closeness import assert_close

from neurashed.clustering import Method, agreement, cluster_similarity
from neurashed.data import CoarseTask
from neurashed.elasticity import measure_elasticity
from neurashed.errors import InputError, StoreError
from neurashed.experiments.he_su_2020.tables import (
    APPROACHES,
    CSV_FILE,
    MARKDOWN_FILE,
    PUBLISHED,
    ROWS,
    TASKS,
    TableCell,
    TableSelection,
    TableSettings,
    find_in_tables,
    load_task,
    missing_of,
    run_tables,
    train_as_stated,
    write_states,
)
from neurashed.experiments.he_su_2020.tables.approaches import Outcome
from neurashed.models import two_layer_relu
from neurashed.results import RunFolder
from neurashed.seeding import derive_seed
from neurashed.task import Task
from neurashed.training import compute_lambda_max, train
from neurashed.typing import Measure

SMALL = TableSettings(width=8, num_epochs=3, primary_per_class=15, auxiliary_total=20)
FAST = ("k_means", "linear_mse", "relu_bce")
DIGITS = {"digits": "digits"}


WHOLE = TableSelection(DIGITS, approaches=FAST, seeds=(0, 3))


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


def write_mnist(folder: Path, labels: list[int]) -> str:
    folder.mkdir()
    images = np.random.default_rng(0).integers(256, size=(len(labels), 28, 28), dtype=np.uint8)
    for name, array in (("images", images), ("labels", np.array(labels, dtype=np.uint8))):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        path = folder / f"train-{name}-idx{array.ndim}-ubyte"
        path.write_bytes(header + array.tobytes())
    return f"mnist:{folder}"


def test_a_task_takes_the_first_images_in_the_order_of_the_file(coarse: CoarseTask):
    settings = TableSettings(primary_per_class=170, auxiliary_total=20)
    everything = load_task(TASKS["digits"][0], "digits", settings)
    for digit in "58":
        first = everything.primary.ids[everything.hidden_classes == digit][:15]
        assert coarse.primary.ids[coarse.hidden_classes == digit].tolist() == first.tolist()
    assert len(coarse.primary) == 30
    assert len(coarse.auxiliary) == 20
    inputs = torch.as_tensor(coarse.training.inputs)
    assert (float(inputs.min()), float(inputs.max())) == (-1.0, 1.0)


def test_the_published_tables_fit_the_tasks():
    assert [len(tasks) for tasks in TASKS.values()] == [6, 6, 1]
    for dataset, rows in PUBLISHED.items():
        assert set(rows) <= set(ROWS)
        for row in rows.values():
            assert len(row.accuracies) == len(TASKS[dataset])
            assert all(50 <= each <= 100 for each in row.accuracies)
    by_name = {task.name: task for tasks in TASKS.values() for task in tasks}
    assert by_name["7v9"].auxiliary == ("4", "5")
    assert by_name["car-v-horse"].primary == ("automobile", "horse")
    best = [max(column) for column in zip(*(r.accuracies for r in PUBLISHED["mnist"].values()),
                                          strict=True)]  # fmt: skip
    assert best == [75.9, 69.5, 91.3, 97.6, 75.3, 87.4]


def test_one_network_gives_both_rows_as_the_authors_cluster_them(coarse: CoarseTask):
    outcome = APPROACHES["relu_mse"](coarse, SMALL, 5)
    model = two_layer_relu(
        64, width=8, generator=torch.Generator().manual_seed(derive_seed(5, "weights"))
    )
    lambda_max = compute_lambda_max(
        Task(model, loss="mse"), coarse.training, generator=torch.Generator().manual_seed(1)
    )
    assert outcome.training["lr"] == pytest.approx(1.5 / lambda_max, rel=0.02)
    task = Task(model, loss="mse", lr=outcome.training["lr"])
    *_, end = train(task, coarse.training, num_epochs=3, batch_size=50, seed=5)
    assert outcome.training["loss"] == pytest.approx(end.loss, rel=1e-4)
    assert outcome.training["dead_fraction"] == end.dead_fraction
    twice = Task(model.double(), loss="mse")
    ways: dict[Measure, Method] = {"relative": "k_means_on_rows", "kernelized": "kernel_k_means"}
    for measure, method in ways.items():
        similarity = measure_elasticity(
            twice, coarse.primary.to(dtype=torch.float64), measure=measure, step="first_order"
        )
        labels = cluster_similarity(
            similarity.values, 2, method=method, normalize="none", random_state=5
        ).labels
        assert outcome.labels[f"relu_mse_{measure}"].tolist() == labels.tolist()


def test_with_the_cross_entropy_probabilities_are_watched(
    coarse: CoarseTask, monkeypatch: pytest.MonkeyPatch
):
    seen = []
    module = "neurashed.experiments.he_su_2020.tables.approaches.cluster_similarity"

    def remember(values: np.ndarray, *arguments: Any, **choices: Any) -> Any:  # noqa: ANN401
        seen.append(values)
        return cluster_similarity(values, *arguments, **choices)

    monkeypatch.setattr(module, remember)
    rate = APPROACHES["relu_bce"](coarse, SMALL, 0).training["lr"]
    _, kernelized = seen
    model = two_layer_relu(
        64, width=8, generator=torch.Generator().manual_seed(derive_seed(0, "weights"))
    )
    list(train(Task(model, loss="bce", lr=rate), coarse.training, num_epochs=3, batch_size=50))
    model.double()
    inputs = torch.as_tensor(coarse.primary.inputs).double()
    rows = []
    for one in inputs:
        gradients = torch.autograd.grad(model(one[None]).sigmoid().sum(), [*model.parameters()])
        rows.append(torch.cat([each.flatten() for each in gradients]))
    jacobian = torch.stack(rows)
    assert_close(kernelized, (jacobian @ jacobian.T).numpy(), dtype="float32")


@pytest.mark.parametrize("approach", ["pca", "autoencoder", "skip_mlp_mse", "recommended"])
def test_every_approach_gives_two_clusters_for_each_row(coarse: CoarseTask, approach: str):
    outcome = APPROACHES[approach](coarse, SMALL, 0)
    for row, labels in outcome.labels.items():
        assert row in ROWS
        assert sorted(set(labels)) == [0, 1]


def test_rows_of_all_approaches_are_those_of_the_tables():
    rows = [f"{name}{end}" for name in APPROACHES for end in ("", "_relative", "_kernelized")]
    assert set(ROWS) <= set(rows)
    assert {row.removesuffix("_relative").removesuffix("_kernelized") for row in ROWS} == set(
        APPROACHES
    )


def test_a_convolutional_network_takes_images_of_any_data_set(tmp_path: Path):
    spec = write_mnist(tmp_path / "images", [3] * 4 + [8] * 4 + [5] * 4)
    settings = TableSettings(num_epochs=1, primary_per_class=4, auxiliary_total=4, batch_size=6)
    selection = TableSelection({"mnist": spec}, tasks=("3v8",), approaches=("cnn_mse",), seeds=(0,))
    run = run_tables(settings, selection, tmp_path / "run")
    cell = next(each for each in find_in_tables(run) if each.num_seeds)
    assert (cell.task, cell.row, cell.published) == ("3v8", "cnn_mse_relative", 83.0)


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


def test_the_stated_settings_show_the_jump(coarse: CoarseTask, tmp_path: Path):
    calm = train_as_stated(coarse, width=64, lr=1e-3, num_epochs=8)
    wild = train_as_stated(coarse, width=64, lr=0.5, num_epochs=8)
    assert [state.step for state in calm] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert calm[-1].loss < calm[0].loss == wild[0].loss
    assert calm[-1].dead_fraction < 0.2
    assert max(state.loss for state in wild) > 10 * wild[0].loss
    assert wild[0].lr_lambda_max == pytest.approx(500 * calm[0].lr_lambda_max)
    assert wild[0].lr_lambda_max > 2 > calm[0].lr_lambda_max
    assert wild[-1].dead_fraction > 0.5
    write_states(wild, tmp_path / "stated.csv")
    with (tmp_path / "stated.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == pytest.approx(
        [state.loss for state in wild], rel=1e-3
    )


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
