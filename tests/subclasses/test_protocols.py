"""Both protocols against the slow, obvious versions, in float64."""

import copy
from collections.abc import Iterator

import numpy as np
import oracle
import pytest
import torch
from closeness import assert_close
from coarse_cases import blobs, build
from torch import Tensor, nn

from neurashed.data import CoarseTask, Examples
from neurashed.elasticity import tangent_kernel
from neurashed.errors import InputError
from neurashed.subclasses import similarity_of_trained, similarity_while_training
from neurashed.task import Task


class Order:
    """Takes the place of a progress bar, and keeps the order of the walk."""

    def __init__(self) -> None:
        self.places: list[int] = []

    def __call__(self, items: list[int], *, description: str) -> Iterator[int]:
        assert description == "Walk"
        self.places = items
        yield from items


@pytest.fixture
def coarse() -> CoarseTask:
    return blobs(3)


def make_task(loss: str = "mse") -> Task:
    model = build(torch.Generator().manual_seed(1))
    return Task(model, loss=loss, readout="output", lr=0.01)


def replay(
    model: nn.Module, loss: str, coarse: CoarseTask, order: list[int], lr: float, measure: str
) -> np.ndarray:
    """Walk again with the oracle: a deep copy and an optimizer for each step."""
    loss_fn, readout_fn = oracle.LOSSES[loss], oracle.READOUTS[loss]["output"]
    xs, ys = coarse.training.inputs, coarse.training.targets
    assert isinstance(xs, Tensor)
    assert isinstance(ys, Tensor)
    ys = ys.double()
    num_primary = len(coarse.primary)
    rows = np.full((num_primary, num_primary), np.nan)
    model = copy.deepcopy(model)
    for i in order:
        x, y = xs[i : i + 1], ys[i : i + 1]
        if i < num_primary:
            probes = xs[:num_primary], ys[:num_primary]
            delta = oracle.response(model, loss_fn, readout_fn, x, y, *probes, lr)[:, 0].numpy()
            output = model(x).detach().requires_grad_()
            slope = torch.autograd.grad(loss_fn(output, y).sum(), output)[0].item()
            row = {"relative": abs(delta) / abs(delta[i]), "kernelized": -delta / (lr * slope)}
            rows[i] = row[measure]
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        optimizer.zero_grad()
        loss_fn(model(x), y).sum().backward()
        optimizer.step()
    return rows


@pytest.mark.parametrize("measure", ["relative", "kernelized"])
@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_walk_is_the_one_of_the_oracle(coarse: CoarseTask, measure: str, loss: str):
    task, order = make_task(loss), Order()
    start = copy.deepcopy(task.model)
    found = similarity_while_training(task, coarse, measure=measure, seed=3, progress=order)
    assert sorted(order.places) == list(range(12))
    assert_close(
        found.values, replay(start, loss, coarse, order.places, 0.01, measure), kind="difference"
    )
    assert found.name == measure
    assert found["source"].values.tolist() == coarse.primary.ids.tolist()
    assert found.attrs["provenance"]["protocol"] == "while training"


def test_walk_trains_in_place_and_its_order_is_the_seeds(coarse: CoarseTask):
    tasks = [make_task(), make_task(), make_task()]
    first, again, other = (
        similarity_while_training(task, coarse, seed=seed).values
        for task, seed in zip(tasks, (0, 0, 1), strict=True)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    before, after = make_task().model.state_dict(), tasks[0].model.state_dict()
    assert all(not torch.equal(before[name], after[name]) for name in before)


def test_walk_leaves_a_row_undefined_where_nothing_moves(coarse: CoarseTask):
    task = Task(make_task().model, loss=lambda output, _: 0 * output[:, 0], lr=0.1)
    found = similarity_while_training(task, coarse)
    assert np.isnan(found.values).all()
    assert found.attrs["provenance"]["undefined"] == {"count": 36, "fraction": 1.0}


@pytest.mark.parametrize(
    ("task", "measure", "message"),
    [
        (Task(nn.Linear(2, 1)), "relative", "the task has no update rule"),
        (Task(nn.Linear(2, 1), lr=0.1), "cosine", "use one of relative, kernelized"),
        (Task(nn.Linear(2, 3), lr=0.1), "relative", "the readout has 3 outputs"),
    ],
)
def test_walk_refuses(coarse: CoarseTask, task: Task, measure: str, message: str):
    with pytest.raises(InputError, match=message):
        similarity_while_training(task, coarse, measure=measure)


def test_trained_rows_come_from_the_same_weights(coarse: CoarseTask):
    task = make_task()
    before = copy.deepcopy(task.model.state_dict())
    found = similarity_of_trained(task, coarse.primary)
    assert_close(found.values, tangent_kernel(task, coarse.primary).values)
    after = task.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert found.attrs["provenance"]["protocol"] == "trained"


def test_relative_rows_are_those_of_small_steps(coarse: CoarseTask):
    task, primary = make_task(), coarse.primary
    x, y = primary.inputs, primary.require_targets("a test").double()
    wanted = oracle.relative_elasticity(
        task.model, oracle.LOSSES["mse"], oracle.READOUTS["mse"]["output"], x, y, x, y, 1e-6
    )
    found = similarity_of_trained(task, primary, measure="relative")
    reason = "the limit of small steps beside steps of 1e-6"
    assert_close(found.values, wanted, kind="difference", factor=100, reason=reason)


def test_auxiliary_examples_change_the_walk(coarse: CoarseTask):
    without = Examples(coarse.auxiliary.inputs, ids=coarse.auxiliary.ids, labels=["other"] * 6)
    moved = CoarseTask(coarse.primary, without.select([0]))
    first, second = (
        similarity_while_training(make_task(), each).values for each in (coarse, moved)
    )
    assert not np.allclose(first, second)
