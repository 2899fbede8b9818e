"""Every model of the zoo is what its list says."""

import oracle
import pytest
import torch
from closeness import assert_close
from torch import nn
from zoo import CASES, REFUSED, Case, Refused, moved


def test_names_are_unique():
    names = [case.name for case in [*CASES, *REFUSED]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_same_generator_same_case(case: Case):
    models, batches, outputs = [], [], []
    for _ in range(2):
        generator = torch.Generator().manual_seed(3)
        models.append(case.build(generator))
        batches.append(case.examples(generator))
        outputs.append(oracle.predict(models[-1], batches[-1][0]))
    assert torch.equal(*outputs)
    assert torch.equal(*(targets for _, targets in batches))
    first, second = (model.state_dict() for model in models)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_models_are_small_evaluated_and_double(case: Case, generator: torch.Generator):
    model = case.build(generator)
    assert not any(module.training for module in model.modules())
    assert {weight.dtype for weight in model.parameters()} == {torch.float64}
    assert sum(weight.numel() for weight in model.parameters()) < 3000


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_examples_are_independent(case: Case, generator: torch.Generator):
    model = case.build(generator)
    x, y = case.examples(generator)
    in_company = oracle.predict(model, x)
    alone = [oracle.predict(model, own) for own, _ in oracle.each(x, y)]
    assert_close(torch.cat(alone), in_company)
    assert (in_company[1:] != in_company[:-1]).any()
    reversed_order = list(range(len(y)))[::-1]
    assert_close(oracle.predict(model, oracle.take(x, reversed_order)), in_company.flip(0))


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_losses_and_readouts_fit(case: Case, generator: torch.Generator):
    output = oracle.predict(case.build(generator), case.examples(generator)[0])
    _, targets = case.examples(generator)
    assert oracle.LOSSES[case.loss](output, targets).shape == (case.num_examples,)
    for name in case.readouts:
        values = oracle.READOUTS[case.loss][name](output, targets)
        assert values.shape[0] == case.num_examples
        assert values.ndim == 2
        assert values.isfinite().all()


@pytest.mark.parametrize("case", CASES, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_models_move(
    case: Case, dtype: torch.dtype, generator: torch.Generator, device: torch.device
):
    model = case.build(generator)
    x, y = case.examples(generator)
    here = oracle.predict(model, x)
    output = oracle.predict(model.to(device, dtype), moved(x, device, dtype))
    assert (output.device.type, output.dtype) == (device.type, dtype)
    assert oracle.LOSSES[case.loss](output, moved(y, device, dtype)).dtype == dtype
    assert_close(output, here)


def test_tied_weights_stay_tied(generator: torch.Generator):
    tied = {case.name for case in CASES if _has_shared_parameter(case.build(generator))}
    assert tied == {
        "tied-layers",
        "tied-biases",
        "one-layer-two-names",
        "conv-2d-twice",
        "embedding-tied-to-decoder",
        "language-model",
    }


@pytest.mark.parametrize("case", [case for case in REFUSED if case.reason == "random"], ids=repr)
def test_random_models_are_random(case: Refused, generator: torch.Generator):
    model = case.build(generator)
    x, _ = case.examples(generator)
    assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize(
    "case", [case for case in REFUSED if case.reason in {"mixes", "batch_norm"}], ids=repr
)
def test_mixing_models_mix(case: Refused, generator: torch.Generator):
    model = case.build(generator)
    x, _ = case.examples(generator)
    halves = torch.cat([model(x[:2]), model(x[2:])])
    assert (halves - model(x)).abs().max() > 1e-3


@pytest.mark.parametrize(
    "case", [case for case in REFUSED if case.reason == "not_finite"], ids=repr
)
def test_spoilt_weights_survive_the_draw(case: Refused, generator: torch.Generator):
    weights = torch.cat([weight.flatten() for weight in case.build(generator).parameters()])
    assert (~weights.isfinite()).sum() == 1


@pytest.mark.parametrize(
    "case", [case for case in REFUSED if case.reason == "untrainable"], ids=repr
)
def test_untrainable_models_have_nothing_to_train(case: Refused, generator: torch.Generator):
    assert not any(weight.requires_grad for weight in case.build(generator).parameters())


def test_every_reason_to_refuse_is_here():
    reasons = {case.reason for case in REFUSED}
    assert reasons == {"batch_norm", "random", "mixes", "not_finite", "untrainable"}


def _has_shared_parameter(model: nn.Module) -> bool:
    every = [id(weight) for _, weight in model.named_parameters(remove_duplicate=False)]
    return len(set(every)) < len(every)
