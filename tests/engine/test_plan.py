"""The plan chooses by counted work alone, and is cut by the budget alone."""

import json
from dataclasses import replace

import pytest
import torch
from engine_cases import PLENTY, RATE, plan_kernel
from torch import nn

from neurashed.engine.costs import LayerSize, cheapest_route, measure_layer, route_costs
from neurashed.engine.exact import plan_steps
from neurashed.engine.machine import MachineRate
from neurashed.engine.plan import Plan, Workload, plan_products
from neurashed.engine.subject import Subject, examine
from neurashed.models import CNN
from neurashed.task import SGD, Task

BUDGETS = [2 * 10**9, 10**8, 16 * 10**6]


def _examine(model: nn.Module, *shape: int) -> Subject:
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        targets = model(x)
    return examine(Task(model, update=SGD(0.1)), (x, targets))


@pytest.fixture
def cnn(generator: torch.Generator) -> Subject:
    """Return a network with two convolutions and two linear layers."""
    return _examine(CNN(4, generator=generator), 1, 28, 28)


def _plan(subject: Subject, memory: int = PLENTY, rate: MachineRate = RATE) -> Plan:
    workload = Workload(5000, 5000, True, (4, 4), True)
    return plan_products(subject, workload, memory=memory, rate=rate)


@pytest.mark.parametrize(
    ("model", "shape", "route"),
    [
        (nn.Conv2d(3, 8, 3, padding=1), (3, 32, 32), "gradients"),
        (nn.Conv2d(256, 256, 3), (256, 4, 4), "positions"),
        (nn.Linear(784, 512), (784,), "positions"),
        (nn.Linear(8, 8), (50, 8), "gradients"),
    ],
    ids=["many-positions", "few-positions-many-channels", "wide", "long-sequence"],
)
def test_routes(model: nn.Module, shape: tuple[int, ...], route: str):
    subject = _examine(nn.Sequential(model, nn.Flatten(), nn.LazyLinear(1)), *shape)
    plan = plan_kernel(subject, 100, None, cotangents=(1, 1), is_traced=True)
    assert plan.layers[0].route == route


def test_routes_do_not_depend_on_budget_or_machine(cnn: Subject):
    rates = [RATE, MachineRate(1e9, 1e12, 1e9), MachineRate(1e14, 1e9, 1e14)]
    found = {
        tuple(layer.route for layer in _plan(cnn, memory, rate).layers)
        for memory in BUDGETS
        for rate in rates
    }
    assert len(found) == 1


def test_a_smaller_budget_cuts_finer(cnn: Subject):
    plans = [_plan(cnn, memory) for memory in BUDGETS]
    for name in ("tile", "batch", "workspace"):
        sizes = [getattr(plan, name) for plan in plans]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] > sizes[-1] >= 1
    exact = [plan_steps(cnn, 5000, 5000, memory=memory, rate=3e11) for memory in BUDGETS]
    for name in ("sources_at_a_time", "tile", "batch"):
        sizes = [getattr(plan, name) for plan in exact]
        assert sizes == sorted(sizes, reverse=True)
    assert exact[0].tile > exact[-1].tile >= 1


def test_time_follows_the_machine(cnn: Subject):
    slow, fast = (_plan(cnn, rate=MachineRate(*[k * 1e9] * 3)) for k in (1, 10))
    assert slow.seconds == pytest.approx(10 * fast.seconds)
    assert slow.operations == fast.operations > 0


def test_plans_are_plain_values(cnn: Subject):
    for plan in (_plan(cnn), plan_steps(cnn, 3, 5, memory=PLENTY, rate=3e11)):
        values = json.loads(json.dumps(plan.to_dict()))
        assert values["memory"] == PLENTY
        assert values["operations"] == plan.operations
    assert [layer["route"] for layer in json.loads(json.dumps(_plan(cnn).to_dict()))["layers"]]


def test_exact_plans_name_each_layer_once(cnn: Subject):
    plan = plan_steps(cnn, 3, 5, memory=PLENTY, rate=3e11)
    assert {*plan.low_rank} | {*plan.formed} == {layer.name for layer in cnn.layers}
    assert not {*plan.low_rank} & {*plan.formed}
    assert "fc1" in plan.low_rank
    assert "conv1" in plan.formed


def test_shared_products_are_kept_if_they_fit():
    subject = _examine(nn.Sequential(nn.Linear(50, 4000), nn.Tanh(), nn.Linear(4000, 1)), 50)
    for memory, fits in ((PLENTY, True), (16 * 10**6, False)):
        plan = plan_steps(subject, 10, 1000, memory=memory, rate=3e11)
        assert plan.keeps_shared is fits


def test_a_contraction_is_that_of_its_layer(cnn: Subject):
    plan = _plan(cnn)
    layer, how = plan.layers[1], plan.contraction("conv2")
    assert (how.route, how.workspace, how.is_traced) == (layer.route, plan.workspace, True)
    assert how.num_parameters == layer.num_parameters == 50 * 20 * 25 + 50
    assert how.num_patches == layer.patches


def test_sizes_of_a_grouped_convolution():
    conv = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2)
    subject = _examine(nn.Sequential(conv, nn.Flatten(), nn.LazyLinear(1)), 4, 7, 5)
    size = measure_layer(subject.layers[0], subject.discovery.sites)
    assert size == LayerSize(4 * 3, 2 * 9, 3, 2, 6 * 2 * 9 + 6, 4 * 7 * 5, 6 * 4 * 3)


def test_costs_count_multiplications_and_additions():
    size = LayerSize(1, 10, 20, 1, 200, 10, 20)
    costs = route_costs(size, 100.0, 20, cotangents=(1, 1), is_traced=True)
    assert costs["positions"].operations == 100 * (2 * 10 + 2 * 20)
    assert costs["gradients"].operations == 2 * 10 * 20 * 20 + 2 * 100 * 200
    assert cheapest_route(costs) == "positions"
    full = route_costs(size, 100.0, 20, cotangents=(3, 3), is_traced=False)
    assert full["gradients"].operations == 3 * 2 * 10 * 20 * 20 + 9 * 2 * 100 * 200


def test_without_positions_there_is_one_route():
    size = LayerSize(0, 0, 0, 1, 200, 0, 0)
    assert [*route_costs(size, 1.0, 2, cotangents=(1, 1), is_traced=True)] == ["gradients"]


def test_half_is_computed_of_a_block_of_a_set_with_itself(cnn: Subject):
    workload = Workload(1000, 1000, True, (1, 1), True)
    whole = plan_products(cnn, replace(workload, is_symmetric=False), memory=PLENTY, rate=RATE)
    half = plan_products(cnn, workload, memory=PLENTY, rate=RATE)
    ours, theirs = half.layers[2].operations, whole.layers[2].operations
    assert ours / theirs == pytest.approx(0.5, abs=0.01)
