"""Responses that drown in rounding are counted and said once, with what to do."""

import warnings
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

import neurashed as ns
from neurashed.data import Examples
from neurashed.elasticity import MeasurementOptions
from neurashed.engine import resolution
from neurashed.engine.batches import Batch
from neurashed.engine.resolution import Resolution, estimate_rounding
from neurashed.engine.subject import Subject, examine
from neurashed.errors import ResolutionWarning
from neurashed.models import MLP

DOUBLE = MeasurementOptions(dtype="float64")


@pytest.fixture
def examples(generator: torch.Generator) -> Examples:
    return Examples(torch.rand(12, 50, generator=generator), torch.arange(12) % 2)


@pytest.fixture
def model(generator: torch.Generator) -> nn.Module:
    return MLP(50, [40], generator=generator)


def _task(model: nn.Module, lr: float) -> ns.Task:
    return ns.Task(model, loss="bce", readout="logits", lr=lr)


@pytest.mark.parametrize("measure", ["relative", "refined", "kernelized", "loss_change"])
def test_small_steps_in_single_precision_are_warned_of_once(
    measure: str, model: nn.Module, examples: Examples
):
    with pytest.warns(ResolutionWarning) as caught:
        result = ns.measure_elasticity(_task(model, 1e-7), examples, measure=measure)
    assert len(caught) == 1
    message = str(caught[0].message)
    for remedy in ("step='first_order'", "dtype='float64'", "a larger lr"):
        assert remedy in message
    found = result.attrs["provenance"]["resolution"]
    assert f"{found['fraction']:.1%} of the responses" in message
    assert found["fraction"] == found["unresolved"] / result.size > 0.5
    assert found["warning"] == message


def test_steps_that_are_large_enough_are_not(model: nn.Module, examples: Examples):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = ns.measure_elasticity(_task(model, 0.1), examples)
    found = result.attrs["provenance"]["resolution"]
    assert found["unresolved"] == 0
    assert "warning" not in found


@pytest.mark.parametrize("remedy", ["double", "first_order"])
def test_remedies(remedy: str, model: nn.Module, examples: Examples):
    options = DOUBLE if remedy == "double" else None
    step = "exact" if remedy == "double" else "first_order"
    task = _task(model, 1e-7)
    limit = ns.measure_elasticity(
        _task(deepcopy(model), 1e-7), examples, step="first_order", options=DOUBLE
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = ns.measure_elasticity(task, examples, step=step, options=options)
    assert abs(result - limit).max() < 1e-4


def test_warned_responses_are_indeed_wrong_and_others_indeed_right(
    model: nn.Module, examples: Examples
):
    """The estimate stands for the error: measured against the same steps in double precision."""
    for lr, is_lost in ((1e-7, True), (0.1, False)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResolutionWarning)
            rough = ns.measure_elasticity(_task(model, lr), examples, measure="loss_change")
        fine = ns.measure_elasticity(
            _task(model, lr), examples, measure="loss_change", options=DOUBLE
        )
        share = float((abs(rough - fine) > 0.01 * abs(fine)).mean())
        assert (share > 0.3) == is_lost
        assert is_lost or share < 0.01


def test_first_order_has_no_rounding_to_speak_of(model: nn.Module, examples: Examples):
    result = ns.measure_elasticity(_task(model, 1e-12), examples, step="first_order")
    assert "resolution" not in result.attrs["provenance"]
    assert result.notnull().all()


def test_a_rate_of_zero_is_no_rounding(model: nn.Module, examples: Examples):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = ns.measure_elasticity(_task(model, 0.0), examples)
    assert result.isnull().all()
    assert result.attrs["provenance"]["resolution"]["unresolved"] == 0


def _count(sizes: Tensor, rounding: Tensor) -> Resolution:
    resolution = Resolution()
    resolution.count(sizes, rounding)
    return resolution


def test_counting():
    rounding = torch.tensor([1.0, 1.0])
    found = _count(torch.tensor([[200.0, 50.0], [200.0, 0.0], [0.0, 0.0], [50.0, 0.0]]), rounding)
    # 50 is lost; a zero is lost where nothing moved or where its neighbour is lost.
    assert (found.unresolved, found.vanished, found.total) == (5, 4, 8)
    assert found.fraction == 5 / 8
    assert Resolution().fraction == 0


def test_rounding_is_that_of_the_readout(generator: torch.Generator):
    """Within a factor of a few, measured; in double precision by a rule."""
    model = MLP(300, [200], 3, generator=generator)
    x = torch.randn(20, 300, generator=generator)
    for dtype, unit in ((torch.float32, 2**-23), (torch.float64, 2**-52)):
        batch = x.to(dtype), torch.zeros(20, dtype=torch.int64)
        subject = examine(ns.Task(deepcopy(model).to(dtype), loss="cross_entropy"), batch)
        before = subject.readouts(None, *batch).detach()
        rounding = estimate_rounding(subject, batch, before, memory=10**8)
        assert rounding.shape == (20,)
        typical = unit * before.norm(dim=1)
        assert (rounding > 0.1 * typical).all()
        assert (rounding < 100 * typical).all()


def test_the_double_pass_keeps_to_the_budget(
    model: nn.Module, examples: Examples, monkeypatch: pytest.MonkeyPatch
):
    batch = examples.inputs, examples.targets
    subject = examine(_task(model, 0.1), batch)
    before = model(batch[0]).detach()
    wanted = estimate_rounding(subject, batch, before, memory=10**8)
    read, right = [], resolution._read_in_double

    def note(subject: Subject, batch: Batch, rows: Tensor) -> Tensor:
        read.append(len(rows))
        return right(subject, batch, rows)

    monkeypatch.setattr(resolution, "_read_in_double", note)
    budget = 5 * 6 * 8 * subject.discovery.largest_activation
    assert torch.equal(estimate_rounding(subject, batch, before, memory=budget), wanted)
    assert read == [5, 5, 2]


def test_a_sample_stands_for_many_probes(generator: torch.Generator):
    model = MLP(50, [40], generator=generator)
    batch = torch.rand(200, 50, generator=generator), torch.zeros(200, dtype=torch.int64)
    subject = examine(_task(model, 0.1), batch)
    before = model(batch[0]).detach()
    rounding = estimate_rounding(subject, batch, before, memory=10**8)
    exact = model.double()(batch[0].double()).detach()
    typical = (exact - before).norm(dim=1).square().mean().sqrt() * 2**0.5
    assert rounding.shape == (200,)
    # The least is the typical one of the sample, which every probe outside of it gets.
    assert (rounding == rounding.min()).sum() >= 200 - 64
    assert 0.7 * typical < rounding.min() < 1.4 * typical
