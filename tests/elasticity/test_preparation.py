"""What cannot be measured is refused before any work, with what to do about it."""

import re
import warnings
from copy import deepcopy
from dataclasses import replace

import jaxtyping
import pytest
import torch
from refusals import (
    BF16,
    CALLS,
    MODELS,
    centred,
    draw_examples,
    draw_inputs,
    make_task,
    measuring,
    network,
)
from torch import nn
from zoo import REFUSED, Refused, Written

import neurashed as ns
from neurashed.elasticity import MeasurementOptions, plan_measurement
from neurashed.errors import InputError, InputTypeError, NeurashedWarning

ENTRIES = [
    "neurashed.elasticity.products.iterate_tiles",
    "neurashed.elasticity.products.self_tile",
    "neurashed.elasticity.first_order.self_tile",
    "neurashed.elasticity.steps.read_before",
    "neurashed.elasticity.steps.iterate_responses",
    "neurashed.elasticity.steps.iterate_own_responses",
]


@pytest.fixture
def _nothing_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if the engine is asked for anything."""

    def called(*_: object, **__: object) -> None:
        pytest.fail("the engine was called")

    for entry in ENTRIES:
        monkeypatch.setattr(entry, called)


@pytest.fixture
def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let wrong types and names through to the package's own checks, as users do."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("_nothing_computed")
@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_refused_whatever_is_asked_of_it(name: str):
    model, message = MODELS[name]
    before = deepcopy(model.state_dict())
    examples = draw_examples()
    if isinstance(next(model.children(), None), nn.Embedding):
        examples = ns.Examples(torch.ones(4, dtype=torch.int64), torch.arange(4) % 3)
    for call in (
        measuring(make_task(model), examples),
        measuring(make_task(model), examples, step="first_order"),
        measuring(make_task(model), examples, measure="cosine"),
        lambda: ns.tangent_kernel(make_task(model), examples),
        lambda: plan_measurement(make_task(model), examples),
    ):
        with pytest.raises((InputError, InputTypeError), match=re.escape(message)):
            call()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.usefixtures("_nothing_computed", "_unchecked")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_refused(name: str):
    call, message = CALLS[name]
    with pytest.raises(InputError, match=re.escape(message)):
        call()


REASONS = {
    "batch_norm": "BatchNorm",
    "random": r"active dropout|two different outputs",
    "mixes": "the model mixes examples",
    "not_finite": "has 1 of 12 numbers that are not finite",
    "untrainable": "no trainable parameter to measure",
}


@pytest.mark.usefixtures("_nothing_computed")
@pytest.mark.parametrize("case", REFUSED, ids=repr)
def test_models_that_must_be_refused(case: Refused, generator: torch.Generator):
    model = case.build(generator)
    examples = ns.Examples(*case.examples(generator))
    with pytest.raises(InputError, match=REASONS[case.reason]):
        ns.measure_elasticity(ns.Task(model, lr=1e-2), examples)
    with pytest.raises(InputError, match=REASONS[case.reason]):
        ns.tangent_kernel(ns.Task(model), examples)


@pytest.mark.usefixtures("_nothing_computed")
def test_mixing_shows_with_one_source_or_one_probe():
    one, many = draw_examples(1), draw_examples(4, seed=1)
    for sides in ((one, many), (many, one)):
        with pytest.raises(InputError, match="the model mixes examples"):
            ns.measure_elasticity(make_task(centred()), *sides)


@pytest.mark.usefixtures("_nothing_computed")
def test_gradients_cannot_be_taken_in_inference_mode():
    with (
        torch.inference_mode(),
        pytest.raises(InputError, match=r"torch\.inference_mode\(\); measure outside"),
    ):
        ns.measure_elasticity(make_task(), draw_examples())


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there():
    with pytest.raises(InputError, match="this machine has no usable GPU; give 'cpu' or 'auto'"):
        ns.measure_elasticity(make_task(), draw_examples(), device="cuda")


def test_an_empty_set_is_no_set_of_examples():
    with pytest.raises(
        InputError, match="there are no examples; give a first axis with at least one example"
    ):
        ns.Examples(torch.zeros(0, 5), torch.zeros(0))


@pytest.mark.usefixtures("_unchecked")
def test_sources_must_be_examples():
    with pytest.raises(InputTypeError, match=r"sources are a Tensor; give neurashed\.Examples"):
        ns.measure_elasticity(make_task(), draw_inputs(4))


def test_names_that_a_task_does_not_know():
    with pytest.raises(InputError, match="unknown loss 'hinge'; use one of mse, bce"):
        make_task(loss="hinge")
    with pytest.raises(InputError, match="unknown readout 'margin'; use one of output, loss"):
        make_task(readout="margin")


def test_what_needs_no_targets_asks_for_none():
    task, unlabelled = make_task(), ns.Examples(draw_inputs(3, seed=1), ids=["x", "y", "z"])
    for measure in ("relative", "refined"):
        for step in ("exact", "first_order"):
            found = ns.measure_elasticity(
                task, draw_examples(), unlabelled, measure=measure, step=step
            )
            assert found.notnull().all()
    assert ns.tangent_kernel(task, unlabelled).shape == (3, 3)


def test_first_order_needs_no_learning_rate():
    task = make_task()
    without = replace(task, update=None, lr=None)
    wanted = ns.measure_elasticity(task, draw_examples(), step="first_order")
    found = ns.measure_elasticity(without, draw_examples(), step="first_order")
    assert abs(found - wanted).max() < 1e-12
    assert found.attrs["provenance"]["update"] is None


def test_a_bfloat16_model_is_measured_in_a_precision_that_is_asked_for():
    found = ns.measure_elasticity(
        make_task(BF16), draw_examples(), options=MeasurementOptions(dtype="float64")
    )
    assert found.dtype == "float64"
    assert next(BF16.parameters()).dtype == torch.bfloat16


def test_one_id_for_two_examples_is_warned_of():
    ours, theirs = draw_inputs(4), draw_inputs(4, seed=1)
    sources, probes = ns.Examples(ours, torch.arange(4) % 3), ns.Examples(theirs)
    with pytest.warns(NeurashedWarning, match="4 ids stand for one example among the sources"):
        ns.measure_elasticity(make_task(), sources, probes)
    named = ns.Examples({"x": ours}, torch.arange(4) % 3), ns.Examples({"x": theirs})
    model = Written(lambda m, x: m.body(x), body=network())
    with pytest.warns(NeurashedWarning, match=r"pass ids=\.\.\. to Examples"):
        ns.measure_elasticity(make_task(model), *named)


def test_the_same_examples_on_both_sides_are_no_reason_to_warn():
    sources = ns.Examples(draw_inputs(4), torch.arange(4) % 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ns.measure_elasticity(make_task(), sources, sources.select([2, 0]))
        ns.measure_elasticity(make_task(), sources, ns.Examples(draw_inputs(4)))
