"""Responses of really taken steps agree with copy, step and subtract."""

from collections.abc import Callable
from dataclasses import replace

import oracle
import pytest
import torch
from closeness import assert_close
from engine_cases import LR, own_responses, prepare, responses
from torch import Tensor, nn
from zoo import CASES, Case, Written, named, randomize

from neurashed.engine.exact import StepPlan
from neurashed.engine.subject import examine
from neurashed.task import SGD, Task

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")


def _one_at_a_time(plan: StepPlan) -> StepPlan:
    return replace(
        plan,
        sources_at_a_time=1,
        probes_at_a_time=1,
        tile=1,
        columns=1,
        batch=1,
        keeps_shared=False,
    )


def _uneven(plan: StepPlan) -> StepPlan:
    return replace(plan, sources_at_a_time=2, probes_at_a_time=4, tile=3, columns=5, batch=2)


WAYS: list[Callable[[StepPlan], StepPlan]] = [lambda plan: plan, _uneven, _one_at_a_time]
KINDS = ("mlp", "linear-on-sequence", "conv-2d-groups", "parameter-einsum", "lstm")


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_responses_agree_with_the_oracle(case: Case, device: torch.device, dtype: torch.dtype):
    ready = prepare(case, device, dtype)
    args = ready.model, ready.loss, ready.readout, *ready.sources
    wanted = oracle.responses(*args, *ready.probes, LR)
    among = oracle.responses(*args, *ready.sources, LR)
    own = torch.arange(len(among))
    for change in WAYS if case.name in KINDS else WAYS[:2]:
        found = responses(ready.subject, ready.sources, ready.probes, change=change)
        assert_close(found, wanted, kind="difference")
        found = own_responses(ready.subject, ready.sources, change=change)
        assert_close(found, among[own, own], kind="difference")


@pytest.mark.parametrize("readout", ["probabilities", "log_probabilities", "label_logit"])
@pytest.mark.parametrize("name", ["mlp", "mlp-sigmoid", "resnet-batch-norm", "language-model"])
def test_every_readout(name: str, readout: str, device: torch.device, dtype: torch.dtype):
    ready = prepare(named(name), device, dtype, readout=readout)
    found = responses(ready.subject, ready.sources, ready.probes)
    args = ready.model, ready.loss, ready.readout, *ready.sources, *ready.probes, LR
    assert_close(found, oracle.responses(*args), kind="difference")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("mlp", "2.*"),
        ("mlp", "*.bias"),
        ("mlp", ("0.weight", "4.bias")),
        ("conv-2d-groups", "0.weight"),
        ("resnet-batch-norm", "*.norm_a.*"),
        ("language-model", "embedding.*"),
        ("lstm", "body.recurrent.bias_*"),
    ],
)
def test_only_named_parameters_step(
    name: str, pattern: str | tuple[str, ...], device: torch.device, dtype: torch.dtype
):
    ready = prepare(named(name), device, dtype, update=SGD(LR, parameters=pattern))
    names = [*ready.subject.parameters]
    assert 0 < len(names) < len([*ready.model.parameters()])
    found = responses(ready.subject, ready.sources, ready.probes)
    args = ready.model, ready.loss, ready.readout, *ready.sources, *ready.probes, LR
    assert_close(found, oracle.responses(*args, names), kind="difference")


@pytest.mark.parametrize("case", [named(name) for name in KINDS], ids=repr)
def test_a_step_of_length_zero_changes_nothing_at_all(
    case: Case, device: torch.device, dtype: torch.dtype
):
    ready = prepare(case, device, dtype, update=SGD(0.0))
    assert not responses(ready.subject, ready.sources, ready.probes).any()
    assert not own_responses(ready.subject, ready.sources).any()


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: nn.Sequential(nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 3)), (64,)),
        (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(288, 3)), (3, 8, 8)),
    ],
    ids=["mlp", "cnn"],
)
def test_rounding_is_no_response(
    make: Callable[[], nn.Module], shape: tuple[int, ...], device: torch.device
):
    """A batch of steps rounds otherwise than one step alone; zero must still be zero."""
    generator = torch.Generator().manual_seed(0)
    model = randomize(make(), generator).to(device)
    x, y = (torch.randn(9, *size, generator=generator).to(device) for size in (shape, (3,)))
    subject = examine(Task(model, update=SGD(0.0)), (x, y))
    assert not responses(subject, (x, y), (x[:7], y[:7])).any()
    assert not own_responses(subject, (x, y)).any()


def test_a_fitted_source_changes_nothing_at_all(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("mlp-no-bias"), device, dtype)
    x, y = ready.sources
    with torch.no_grad():
        fitted = ready.model(x[:1])
    sources = x, torch.cat([fitted, y[1:]])
    found = responses(ready.subject, sources, ready.probes)
    assert not found[0].any()
    assert found[1:].abs().amin() > 0


def _branching(m: Written, x: Tensor) -> Tensor:
    hidden = m.fc(x).tanh()
    if hidden.abs().max().item() > 1e6:  # a number that vmap cannot give
        return m.head(-hidden)
    return m.head(hidden)


def test_a_model_that_vmap_cannot_run(device: torch.device, dtype: torch.dtype):
    parts = {"fc": lambda: nn.Linear(5, 6), "head": lambda: nn.Linear(6, 2)}
    case = replace(
        named("mlp-relu"),
        name="branching",
        make=lambda: Written(_branching, **{name: make() for name, make in parts.items()}),
    )
    ready = prepare(case, device, dtype)
    with pytest.raises(RuntimeError, match="vmap"):
        torch.func.vmap(ready.model)(ready.sources[0].unsqueeze(0))
    args = ready.model, ready.loss, ready.readout, *ready.sources
    for change in WAYS:
        found = responses(ready.subject, ready.sources, ready.probes, change=change)
        assert_close(found, oracle.responses(*args, *ready.probes, LR), kind="difference")
    among = oracle.responses(*args, *ready.sources, LR)
    own = torch.arange(len(among))
    assert_close(own_responses(ready.subject, ready.sources), among[own, own], kind="difference")


def test_the_model_is_left_as_it_was(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("resnet-batch-norm"), device, dtype)
    before = {name: value.clone() for name, value in ready.model.state_dict().items()}
    responses(ready.subject, ready.sources, ready.probes)
    after = ready.model.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(weight.grad is None for weight in ready.model.parameters())
