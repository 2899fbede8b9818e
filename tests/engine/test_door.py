"""What the door lets through, and what it refuses whoever asks."""

import math
import re

import pytest
import torch
from torch import Tensor, nn
from zoo import CASES, Case, Written

from neurashed.engine.behavior import check_model, check_readout
from neurashed.engine.door import check_inputs, check_sides, check_targets
from neurashed.errors import InputError
from neurashed.task import Task


def _head() -> nn.Module:
    return nn.Linear(5, 3).double()


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_model_that_keeps_examples_apart_passes(case: Case, generator: torch.Generator):
    model = case.build(generator)
    batch = case.examples(generator)
    task = Task(model, loss=case.loss, readout=case.readouts[-1])
    check_sides(batch[0], batch[0])
    check_inputs(batch[0], role="source")
    check_model(task, batch)
    check_targets(task, batch, role="source")
    assert all(parameter.grad is None for parameter in model.parameters())


def test_numbers_of_examples_may_differ_on_the_two_sides():
    check_sides(torch.zeros(4, 5), torch.zeros(1, 5))
    check_sides({"x": torch.zeros(4, 5)}, {"x": torch.zeros(9, 5)})
    check_sides(torch.zeros(4, dtype=torch.int32), torch.zeros(4, dtype=torch.int64))


@pytest.mark.parametrize(
    ("sources", "probes", "message"),
    [
        (torch.zeros(4, 5), torch.zeros(4, 5, 1), "source has shape (5,) and one probe (5, 1)"),
        (
            {"x": torch.zeros(4, 5), "y": torch.zeros(4, 2)},
            {"x": torch.zeros(4, 5), "y": torch.zeros(4, 3)},
            "source has shape (2,) and one probe (3,)",
        ),
        (
            {"x": torch.zeros(4)},
            {"x": torch.zeros(4), "y": torch.zeros(4)},
            "sources have x and probes x, y as inputs",
        ),
        (torch.zeros(4), torch.zeros(4, dtype=torch.bool), "numbers of the same kind"),
    ],
)
def test_sides_must_be_alike(sources: object, probes: object, message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        check_sides(sources, probes)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_example_that_is_not_finite_is_named(value: float):
    inputs = torch.zeros(5000, 3)
    check_inputs(inputs, role="probe")
    inputs[4321, 1] = value
    inputs[4999, 0] = value
    with pytest.raises(InputError, match="the input of probe number 4321 is not finite"):
        check_inputs(inputs, role="probe")
    named = {"tokens": torch.zeros(5000, dtype=torch.int64), "weights": inputs[:, 1]}
    with pytest.raises(InputError, match="weights of source number 4321 is not finite"):
        check_inputs(named, role="source")


def test_large_inputs_whose_sum_overflows_are_finite():
    check_inputs(torch.full((4, 5), 1e38), role="source")


def test_an_output_that_is_not_finite():
    model = Written(lambda m, x: m.head(x).exp() / 0, head=_head())
    with pytest.raises(InputError, match="output is not finite on its first examples; check"):
        check_model(Task(model), (torch.zeros(4, 5).double(), torch.zeros(4, 3)))


def test_dropout_without_effect_passes():
    model = nn.Sequential(nn.Dropout(0.0), _head()).train()
    check_model(Task(model), (torch.ones(4, 5).double(), torch.zeros(4, 3)))


def test_rounding_between_one_and_many_is_no_mixing(generator: torch.Generator):
    model = nn.Sequential(nn.Linear(3000, 300), nn.Tanh(), nn.Linear(300, 3))
    inputs = 10 * torch.randn(4, 3000, generator=generator)
    check_model(Task(model), (inputs, torch.zeros(4, 3)))


def test_slight_mixing_is_seen(generator: torch.Generator):
    model = Written(lambda m, x: m.head(x + 1e-6 * x.mean(0)), head=_head())
    inputs = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    with pytest.raises(InputError, match="mixes examples"):
        check_model(Task(model), (inputs, torch.zeros(4, 3)))


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        ("cross_entropy", torch.tensor([0, 2, 1, 2])),
        ("mse", torch.tensor([0, 2, 1, 2])),
        ("mse", torch.zeros(4, 3)),
        ("bce", torch.full((4, 3), 0.3)),
    ],
)
def test_targets_that_suit_the_loss(loss: str, targets: Tensor):
    task, inputs = Task(_head(), loss=loss), torch.ones(4, 5).double()
    check_targets(task, (inputs, targets), role="source")
    assert task.losses(task.predict(inputs), targets).shape == (4,)


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        ("cross_entropy", torch.tensor([0, 2, 1, 3]), "labels of the probes run from 0 to 3"),
        ("cross_entropy", torch.tensor([-1, 2, 1, 0]), "labels of the probes run from -1 to 2"),
        ("cross_entropy", torch.zeros(4), "needs whole class numbers"),
        ("cross_entropy", torch.zeros(4, 3, dtype=torch.int64), "needs whole class numbers"),
        ("mse", torch.tensor([0, 2, 1, 3]), "labels of the probes run from 0 to 3"),
        ("mse", torch.full((4, 3), torch.nan), "targets of the probes are not finite"),
        ("bce", torch.full((4, 3), 1.5), "needs targets from 0 to 1"),
        ("bce", torch.full((4, 2), 0.5), "output has shape (2, 3) and the targets (2, 2)"),
    ],
)
def test_targets_that_do_not(loss: str, targets: Tensor, message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        check_targets(Task(_head(), loss=loss), (torch.ones(4, 5).double(), targets), role="probe")


class _Counting(nn.Module):
    """Counts its calls in a buffer, without changing its output."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1).double()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.layer(x)


def test_a_model_that_writes_its_buffers_is_refused_and_left_as_it_was():
    model = _Counting()
    batch = torch.ones(3, 3, dtype=torch.float64), torch.zeros(3)
    with pytest.raises(InputError, match="the model changes its buffer calls as it runs"):
        check_model(Task(model, loss="mse"), batch)
    assert model.calls.item() == 0
    assert model.calls.dtype == torch.float32


def test_inputs_that_the_model_cannot_take_are_refused_in_words():
    task = Task(nn.Linear(3, 1), loss="mse")
    with pytest.raises(InputError, match=r"cannot run on the first examples: .*inputs\.float\(\)"):
        check_model(task, (torch.ones(3, 3, dtype=torch.int64), torch.zeros(3)))


def test_a_layer_without_weights_yet_is_refused():
    with pytest.raises(InputError, match="weight is not initialized yet; run the model once"):
        check_model(Task(nn.LazyLinear(2), loss="mse"), (torch.ones(3, 3), torch.zeros(3)))


@pytest.mark.parametrize(
    ("readout", "message"),
    [
        (lambda o, _: o - o.mean(0), "mixes examples"),
        (lambda o, _: o.sum(), "it should give one row for each"),
    ],
)
def test_a_readout_must_give_a_row_for_each_example_alone(readout: object, message: str):
    task = Task(nn.Linear(3, 2), loss="mse", readout=readout)
    with pytest.raises(InputError, match=message):
        check_readout(task, (torch.arange(9.0).view(3, 3), torch.zeros(3)))
