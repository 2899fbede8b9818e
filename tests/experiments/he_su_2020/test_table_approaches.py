"""The clustering tables: their tasks, and the approaches that fill their rows."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from closeness import assert_close
from table_cases import SMALL, write_mnist

from neurashed.clustering import Method, cluster_similarity
from neurashed.data import CoarseTask
from neurashed.elasticity import measure_elasticity
from neurashed.experiments.he_su_2020.tables import (
    APPROACHES,
    PUBLISHED,
    ROWS,
    TASKS,
    TableSelection,
    TableSettings,
    find_in_tables,
    load_task,
    run_tables,
    train_as_stated,
    write_states,
)
from neurashed.models import two_layer_relu
from neurashed.seeding import derive_seed
from neurashed.task import Task
from neurashed.training import compute_lambda_max, train
from neurashed.typing import Measure


@pytest.fixture(scope="module")
def coarse() -> CoarseTask:
    return load_task(TASKS["digits"][0], "digits", SMALL)


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
