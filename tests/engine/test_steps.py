"""Steps in the form in which gradients come, never as copies of a wide layer."""

import pytest
import torch
from closeness import assert_close
from engine_cases import LR, prepare
from oracle import LOSSES, READOUTS, response
from torch import Tensor, nn
from zoo import named

from neurashed.engine import steps as steps_module
from neurashed.engine.batches import Batch
from neurashed.engine.exact import iterate_responses, plan_steps, read_before
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.steps import SteppedModel, is_low_rank, make_steps, num_dense
from neurashed.engine.subject import Subject, examine
from neurashed.models import MLP
from neurashed.task import Task

NUM_SOURCES, NUM_INPUTS, WIDTH = 3, 50, 400


@pytest.fixture
def wide(
    generator: torch.Generator, device: torch.device, dtype: torch.dtype
) -> tuple[Subject, Batch]:
    """Return a network with one wide hidden layer and three examples for it."""
    model = MLP(NUM_INPUTS, [WIDTH], 1, generator=generator).to(device, dtype)
    x = torch.randn(NUM_SOURCES, NUM_INPUTS, generator=generator).to(device, dtype)
    batch = x, torch.ones(NUM_SOURCES, 1, device=device, dtype=dtype)
    return examine(Task(model, lr=LR), batch), batch


def _steps(subject: Subject, batch: Batch) -> dict[str, Tensor]:
    rows = record_rows(subject, Side(batch, subject.losses), slice(0, len(batch[1])), 2)
    return make_steps(subject, rows, LR)


def test_a_wide_layer_steps_by_its_factors(wide: tuple[Subject, Batch]):
    shapes = {name: tuple(value.shape) for name, value in _steps(*wide).items()}
    assert shapes == {
        "a:fc1.weight": (NUM_SOURCES, 1, NUM_INPUTS),
        "d:fc1.weight": (NUM_SOURCES, 1, WIDTH),
        "fc2.weight": (NUM_SOURCES, 1, WIDTH),
        "fc2.bias": (NUM_SOURCES, 1),
    }


def test_the_factors_are_the_step(wide: tuple[Subject, Batch]):
    subject, (x, y) = wide
    steps = _steps(subject, (x, y))
    for index in range(NUM_SOURCES):
        loss = subject.losses(None, x[index : index + 1], y[index : index + 1]).sum()
        weight, bias = (subject.parameters[f"fc1.{part}"] for part in ("weight", "bias"))
        wanted = torch.autograd.grad(loss, [weight, bias])
        a, d = steps["a:fc1.weight"][index], steps["d:fc1.weight"][index]
        assert_close(d.mT @ a, -LR * wanted[0])
        assert_close(d.sum(0), -LR * wanted[1])


def test_no_step_changes_nothing(wide: tuple[Subject, Batch]):
    subject, batch = wide
    model = SteppedModel(subject)
    found = model.readouts(model.no_step(), *batch, {})
    assert_close(found[0], subject.readouts(None, *batch))


@pytest.mark.parametrize("name", ["mlp", "linear-on-sequence", "conv-2d-groups", "tied-layers"])
def test_numbers_kept_are_counted(name: str, device: torch.device, dtype: torch.dtype):
    ready = prepare(named(name), device, dtype)
    steps = _steps(ready.subject, ready.sources)
    kept = sum(value[0].numel() for value in steps.values())
    assert num_dense(ready.subject) == kept


@pytest.mark.parametrize(
    ("inputs", "outputs", "positions", "expected"),
    [(50, 400, 1, True), (5, 1, 1, False), (8, 8, 4, True), (8, 8, 5, False)],
)
def test_factors_are_used_where_they_are_smaller(
    inputs: int, outputs: int, positions: int, expected: bool, device: torch.device
):
    model = nn.Sequential(nn.Linear(inputs, outputs), nn.Flatten()).to(device)
    x = torch.zeros(2, positions, inputs, device=device)
    subject = examine(Task(model), (x, torch.zeros(2, positions * outputs, device=device)))
    assert is_low_rank(subject, subject.layers[0]) is expected


def test_products_that_steps_share_are_computed_once(
    wide: tuple[Subject, Batch], monkeypatch: pytest.MonkeyPatch
):
    subject, batch = wide
    model, steps, shared = SteppedModel(subject), _steps(*wide), {}
    first = model.readouts(steps, *batch, shared)
    assert {number: tuple(value.shape) for number, value in shared.items()} == {
        0: (NUM_SOURCES, WIDTH)
    }

    def refuse(*args: object) -> Tensor:  # noqa: ARG001
        message = "the product was computed again"
        raise AssertionError(message)

    monkeypatch.setattr(steps_module.F, "linear", refuse)
    with pytest.raises(AssertionError, match="computed again"):
        model.readouts(steps, *batch, {})
    monkeypatch.undo()
    assert_close(model.readouts(steps, *batch, shared), first)


class _UsesTwice(nn.Module):
    """A pre-activation that is rectified and also kept, the way of a skip connection."""

    def __init__(self, reuse: str) -> None:
        super().__init__()
        self.first, self.last, self.reuse = nn.Linear(6, 5), nn.Linear(5, 1), reuse

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first(inputs)
        rectified = torch.relu(hidden)
        if self.reuse == "sum":
            rectified = rectified + hidden
        elif self.reuse == "view":
            rectified = rectified + hidden.reshape(-1, 5)
        return self.last(rectified)


@pytest.mark.parametrize(("reuse", "expected"), [("none", True), ("sum", False), ("view", False)])
@pytest.mark.parametrize("num_sources", [1, 3])
def test_only_what_nothing_else_reads_is_overwritten(reuse: str, expected: bool, num_sources: int):
    model = _UsesTwice(reuse).double()
    inputs, targets = torch.randn(4, 6).double(), torch.ones(4, 1).double()
    task = Task(model, loss="mse", lr=0.5)
    subject = examine(task, (inputs, targets))
    assert [site.is_rectified for site in subject.discovery.sites] == [expected, False]
    sources = inputs[:num_sources], targets[:num_sources]
    plan = plan_steps(subject, num_sources, 4, memory=10**8, rate=1e9)
    before = read_before(subject, (inputs, targets), plan)
    (tile,) = iterate_responses(subject, sources, (inputs, targets), before, plan)
    wanted = torch.stack([
        torch.stack([
            response(
                model, LOSSES["mse"], READOUTS["mse"]["output"], x[None], y[None], p[None], q, 0.5
            )
            for p, q in zip(inputs, targets[:, None], strict=True)
        ])
        for x, y in zip(*sources, strict=True)
    ])
    assert_close(tile.responses, wanted.flatten(2))
