"""Products of gradients agree with plain autograd, however they are cut and routed."""

from collections.abc import Callable
from dataclasses import replace

import oracle
import pytest
import torch
from closeness import assert_close
from engine_cases import LR, Prepared, kernel, on_route, plan_kernel, prepare, products
from torch import Tensor
from zoo import CASES, Case, named

from neurashed.engine.first_order import Side, iterate_tiles, num_tiles, self_tile
from neurashed.engine.plan import Plan

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")

# One of each kind of layer: linear with one and several positions, convolution, table, norm, shared
# and general.
KINDS = [
    named(name)
    for name in ("mlp-relu", "linear-on-sequence", "conv-2d-groups", "embedding-padded",
                 "norm-batch-1d", "conv-2d-twice", "parameter-einsum")
]  # fmt: skip


SMALLEST = {"tile": 1, "batch": 1, "workspace": 1}
WAYS: list[Callable[[Plan], Plan]] = [
    lambda plan: on_route(plan, "positions"),
    lambda plan: on_route(plan, "gradients"),
    lambda plan: replace(on_route(plan, "positions"), tile=3, batch=2, workspace=500),
    lambda plan: replace(on_route(plan, "gradients"), tile=3, batch=2, workspace=500),
]


def _expected(ready: Prepared) -> list[tuple[tuple[Tensor, Tensor] | None, Tensor]]:
    """The oracle's kernels ``(source, probe, c, c')``, without probes and with them."""
    args = ready.model, ready.readout, *ready.sources
    own = oracle.tangent_kernel(*args, *ready.sources)
    return [(None, own), (ready.probes, oracle.tangent_kernel(*args, *ready.probes))]


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_kernels_agree_with_the_oracle(case: Case, device: torch.device, dtype: torch.dtype):
    ready = prepare(case, device, dtype)
    for probes, full in _expected(ready):
        trace = full.diagonal(dim1=2, dim2=3).sum(-1)
        for change in WAYS:
            assert_close(kernel(ready.subject, ready.sources, probes, change=change), trace)
        for change in WAYS[1:2] if probes is None else WAYS[:2]:
            found = kernel(ready.subject, ready.sources, probes, is_traced=False, change=change)
            assert_close(found, full)


@pytest.mark.parametrize("cut", [{"tile": 3, "batch": 2, "workspace": 500}, SMALLEST], ids=str)
@pytest.mark.parametrize("route", ["positions", "gradients"])
@pytest.mark.parametrize("case", KINDS, ids=repr)
def test_full_kernels_in_pieces_agree_with_the_oracle(
    case: Case, route: str, cut: dict[str, int], device: torch.device, dtype: torch.dtype
):
    ready = prepare(case, device, dtype)

    def change(plan: Plan) -> Plan:
        return replace(on_route(plan, route), **cut)

    for probes, full in _expected(ready):
        found = kernel(ready.subject, ready.sources, probes, is_traced=False, change=change)
        assert_close(found, full)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_layers_add_up_and_agree_one_by_one(case: Case, device: torch.device, dtype: torch.dtype):
    ready = prepare(case, device, dtype)
    subject = ready.subject
    of_parameter = oracle.per_parameter(ready.model, ready.readout, *ready.sources, *ready.probes)
    counts = ready.num_outputs, ready.num_outputs
    sizes = len(ready.sources[1]), len(ready.probes[1])
    plan = plan_kernel(subject, *sizes, cotangents=counts, is_traced=False, by_layer=True)
    sides = Side(ready.sources, subject.readouts), Side(ready.probes, subject.readouts)
    found = products(subject, *sides, plan)
    assert list(found) == [layer.name for layer in subject.layers]
    for layer in subject.layers:
        wanted = torch.stack([of_parameter[name] for name in layer.parameters]).sum(0)
        assert_close(found[layer.name], wanted)
    total = torch.stack([*of_parameter.values()]).sum(0)
    assert_close(torch.stack([*found.values()]).sum(0), total)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_losses_against_readouts(case: Case, device: torch.device, dtype: torch.dtype):
    ready = prepare(case, device, dtype)
    subject, sizes = ready.subject, (len(ready.sources[1]), len(ready.probes[1]))
    plan = plan_kernel(subject, *sizes, cotangents=(1, ready.num_outputs), is_traced=False)
    sides = Side(ready.sources, subject.losses), Side(ready.probes, subject.readouts)
    found = products(subject, *sides, replace(plan, tile=4, batch=3))[""][:, :, 0]
    wanted = oracle.first_order_responses(
        ready.model, ready.loss, ready.readout, *ready.sources, *ready.probes, LR
    )
    assert_close(-LR * found, wanted)


@pytest.mark.parametrize("case", KINDS, ids=repr)
def test_products_of_an_example_with_itself(case: Case, device: torch.device, dtype: torch.dtype):
    ready = prepare(case, device, dtype)
    subject, count = ready.subject, len(ready.sources[1])
    full = oracle.tangent_kernel(ready.model, ready.readout, *ready.sources, *ready.sources)
    mixed = oracle.first_order_responses(
        ready.model, ready.loss, ready.readout, *ready.sources, *ready.sources, -1.0
    )
    own = torch.arange(count)
    side = Side(ready.sources, subject.readouts)
    counts = ready.num_outputs, ready.num_outputs
    plan = plan_kernel(subject, count, count, cotangents=counts, is_traced=False)
    for way in WAYS:
        assert_close(self_tile(subject, side, subject.readouts, way(plan)), full[own, own])
        # The values on both sides need not be of one kind, nor as many.
        found = self_tile(subject, side, subject.losses, way(plan))[:, :, 0]
        assert_close(found, mixed[own, own])


def test_a_sum_is_written_in_place(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("mlp-relu"), device, dtype)
    subject, count = ready.subject, len(ready.sources[1])
    plan = plan_kernel(subject, count, None, cotangents=(2, 2), is_traced=True)
    side, into = Side(ready.sources, subject.readouts), None
    into = torch.zeros(count, count, device=device, dtype=dtype)
    for tile in iterate_tiles(subject, side, None, replace(plan, tile=3), into=into):
        assert tile.blocks[""].data_ptr() == into[tile.sources, tile.probes].data_ptr()
        if tile.is_mirrored:
            into[tile.probes, tile.sources] = tile.blocks[""].T
    assert_close(into, kernel(subject, ready.sources))


@pytest.mark.parametrize("tile", [1, 2, 3, 4])
@pytest.mark.parametrize("is_symmetric", [True, False])
def test_tiles_cover_every_pair_once(
    tile: int, is_symmetric: bool, device: torch.device, dtype: torch.dtype
):
    ready = prepare(named("linear"), device, dtype)
    subject = ready.subject
    sources = Side(ready.sources, subject.readouts)
    probes = None if is_symmetric else Side(ready.probes, subject.readouts)
    sizes = len(sources), None if probes is None else len(probes)
    plan = plan_kernel(subject, *sizes, cotangents=(2, 2), is_traced=True)
    plan = replace(plan, tile=tile)
    seen = torch.zeros(len(sources), len(probes or sources))
    tiles = list(iterate_tiles(subject, sources, probes, plan))
    for each in tiles:
        seen[each.sources, each.probes] += 1
        if each.is_mirrored:
            seen[each.probes, each.sources] += 1
    assert (seen == 1).all()
    assert len(tiles) == num_tiles(plan)
