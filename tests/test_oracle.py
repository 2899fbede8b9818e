"""The oracle does what it says, on every model of the zoo that has a gradient."""

import oracle
import pytest
import torch
from closeness import assert_close
from torch import nn
from zoo import CASES, Case, named

# Their outputs are linear in the weights that a step can move, so any step is its first order.
LINEAR_IN_WEIGHTS = {
    "linear",
    "linear-by-keyword",
    "frozen-layer",
    "parameter-alone",
}
SLOPE_CASES = [case for case in CASES if case.is_smooth and case.name not in LINEAR_IN_WEIGHTS]


@pytest.fixture
def model(generator: torch.Generator) -> nn.Module:
    return named("mlp").build(generator)


def test_response_is_the_readout_after_a_step_minus_before():
    """By hand: f = w x + b with w = 2, b = 1, loss (f - 1)² at x = 3, watched at x = 5."""
    model = nn.Linear(1, 1).double()
    with torch.no_grad():
        model.weight.fill_(2)
        model.bias.fill_(1)
    source, probe = torch.tensor([[3.0]]).double(), torch.tensor([[5.0]]).double()
    one = torch.ones(1, 1).double()
    mse, output = oracle.LOSSES["mse"], oracle.READOUTS["mse"]["output"]
    found = oracle.response(model, mse, output, source, one, probe, one, lr=0.01)
    assert_close(found, -0.01 * 2 * (7 - 1) * (3 * 5 + 1) * one)
    bias_only = oracle.response(model, mse, output, source, one, probe, one, 0.01, names={"bias"})
    assert_close(bias_only, -0.01 * 2 * (7 - 1) * one)


def test_response_leaves_the_model_alone(model: nn.Module, generator: torch.Generator):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x, y = named("mlp").examples(generator)
    _response(named("mlp"), model, x, y, lr=1.0)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_no_step_gives_no_response(model: nn.Module, generator: torch.Generator):
    x, y = named("mlp").examples(generator)
    assert (_response(named("mlp"), model, x, y, lr=0.0) == 0).all()


@pytest.mark.parametrize("loss", oracle.READOUTS)
def test_readouts_agree_with_pytorch(loss: str, generator: torch.Generator):
    logits = torch.randn(5, 3, generator=generator).double()
    targets = torch.tensor([0, 2, 1, 1, 0])
    if loss != "cross_entropy":
        targets = nn.functional.one_hot(targets).double()
    modules = {"mse": nn.MSELoss, "bce": nn.BCEWithLogitsLoss, "cross_entropy": nn.CrossEntropyLoss}
    assert_close(oracle.LOSSES[loss](logits, targets).mean(), modules[loss]()(logits, targets))
    readouts = {name: read(logits, targets) for name, read in oracle.READOUTS[loss].items()}
    assert all(value.shape[0] == 5 and value.ndim == 2 for value in readouts.values())
    if loss != "mse":
        softmax = loss == "cross_entropy"
        expected = logits.softmax(1) if softmax else logits.sigmoid()
        assert_close(readouts["probabilities"], expected)
        assert_close(readouts["log_probabilities"], expected.log())
        signs = (2 * targets - 1) if not softmax else 1
        own = logits.gather(1, targets[:, None]) if softmax else signs * logits
        assert_close(readouts["label_logit"], own)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_kernel_is_symmetric_and_positive(case: Case, generator: torch.Generator):
    model = case.build(generator)
    x, y = case.examples(generator)
    read = oracle.READOUTS[case.loss]["output"]
    kernel = oracle.tangent_kernel(model, read, x, y, x, y)
    assert_close(kernel, kernel.permute(1, 0, 3, 2))
    matrix = kernel.permute(0, 2, 1, 3).flatten(2).flatten(0, 1)
    eigenvalues = torch.linalg.eigvalsh(matrix)
    assert eigenvalues[-1] > 1e-3
    assert eigenvalues[0] > -1e-10 * eigenvalues[-1]


@pytest.mark.parametrize("case", SLOPE_CASES, ids=repr)
def test_step_comes_near_its_first_order_with_slope_two(case: Case, generator: torch.Generator):
    model = case.build(generator)
    x, y = case.examples(generator, 2)
    loss, read = oracle.LOSSES[case.loss], oracle.READOUTS[case.loss]["output"]
    errors = []
    for lr in (1e-4, 5e-5):
        first_order = oracle.first_order_responses(model, loss, read, x, y, x, y, lr)
        errors.append((_response(case, model, x, y, lr) - first_order).norm())
    assert (errors[0] / errors[1]).log2().item() == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("name", sorted(LINEAR_IN_WEIGHTS))
def test_any_step_is_its_first_order_where_weights_enter_linearly(
    name: str, generator: torch.Generator
):
    case = named(name)
    model = case.build(generator)
    x, y = case.examples(generator, 2)
    loss, read = oracle.LOSSES[case.loss], oracle.READOUTS[case.loss]["output"]
    first_order = oracle.first_order_responses(model, loss, read, x, y, x, y, 0.1)
    assert_close(_response(case, model, x, y, 0.1), first_order)


def test_parts_of_the_kernel_add_up_and_follow_names(model: nn.Module, generator: torch.Generator):
    x, y = named("mlp").examples(generator)
    read = oracle.READOUTS["cross_entropy"]["output"]
    parts = oracle.per_parameter(model, read, x, y, x, y)
    assert list(parts) == [name for name, _ in model.named_parameters()]
    assert_close(sum(parts.values()), oracle.tangent_kernel(model, read, x, y, x, y))
    last_bias = oracle.tangent_kernel(model, read, x, y, x, y, names={"4.bias"})
    assert_close(last_bias, torch.eye(3).double().expand(4, 4, 3, 3))
    assert_close(last_bias, parts["4.bias"])


def _response(
    case: Case, model: nn.Module, x: oracle.Inputs, y: torch.Tensor, lr: float
) -> torch.Tensor:
    loss, read = oracle.LOSSES[case.loss], oracle.READOUTS[case.loss]["output"]
    return oracle.responses(model, loss, read, x, y, x, y, lr)
