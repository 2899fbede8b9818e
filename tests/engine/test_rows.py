"""Rows give the same products by their factors as by their gradients."""

import pytest
import torch
from closeness import assert_close
from engine_cases import prepare
from torch import Tensor
from zoo import named

from neurashed.engine import contraction
from neurashed.engine.contraction import Contraction, add_products, self_products
from neurashed.engine.convolution_rows import ConvolutionRows
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.mirroring import mirror
from neurashed.engine.rows import (
    DenseRows,
    EmbeddingRows,
    GeneralRows,
    LayerRows,
    LinearRows,
    SumRows,
    join_rows,
)

# A case, a layer of it and the form that its rows should have.
FORMS = [
    ("mlp-relu", "0", LinearRows),
    ("linear-on-sequence", "2", LinearRows),
    ("linear-twice", "body", LinearRows),
    ("frozen-weight", "2.bias", LinearRows),
    ("conv-2d-groups-strided", "0", ConvolutionRows),
    ("conv-1d-same", "0", DenseRows),
    ("conv-2d-folded-time", "conv", ConvolutionRows),
    ("embedding-padded", "embedding.weight", EmbeddingRows),
    ("norm-group", "0.1", DenseRows),
    ("conv-2d-twice", "0.0", SumRows),
    ("parameter-alone", "weight", GeneralRows),
]
CASES = pytest.mark.parametrize(("name", "layer", "form"), FORMS, ids=[f[0] for f in FORMS])


@pytest.fixture
def rows(name: str, layer: str, device: torch.device, dtype: torch.dtype) -> LayerRows:
    """Return the rows of one layer for the readouts of the case's sources."""
    ready = prepare(named(name), device, dtype)
    side = Side(ready.sources, ready.subject.readouts)
    return record_rows(ready.subject, side, slice(0, len(side)), 3)[layer]


def _gradients(rows: LayerRows) -> Tensor:
    """All gradients, ``(example, cotangent, P)``."""
    return torch.stack([rows.gradients(k) for k in range(rows.num_cotangents)], 1)


def _how(rows: LayerRows, route: str, workspace: int, *, is_traced: bool) -> Contraction:
    positions = rows.positions()
    patches = 0
    if positions is not None and not positions.is_one_hot:
        patches = positions.inputs[0].numel()
    return Contraction(route, workspace, is_traced, rows.gradients(0).shape[1], patches)


@CASES
def test_forms(rows: LayerRows, form: type):
    assert isinstance(rows, form)


@CASES
@pytest.mark.parametrize("workspace", [1, 100, 10**6])
def test_routes_give_the_products_of_gradients(rows: LayerRows, form: type, workspace: int):  # noqa: ARG001
    gradients = _gradients(rows)
    full = torch.einsum("skw,plw->skpl", gradients, gradients)
    routes = ["gradients"] if rows.positions() is None else ["gradients", "positions"]
    for route in routes:
        how = _how(rows, route, workspace, is_traced=False)
        block = torch.zeros_like(full)
        add_products(block, rows, rows, how)
        mirror(block)
        assert_close(block, full)
        how = _how(rows, route, workspace, is_traced=True)
        traced = full.diagonal(dim1=1, dim2=3).sum(-1)
        block = torch.zeros_like(traced)
        add_products(block[:, 1:3], rows, rows.part(1, 3), how)
        assert_close(block[:, 1:3], traced[:, 1:3])
        own = torch.arange(len(full))
        found = self_products(rows, rows, how)
        assert_close(found, full[own, :, own])


@CASES
def test_parts_and_joins(rows: LayerRows, form: type):
    parts = [rows.part(0, 1), rows.part(1, 3), rows.part(3, 4)]
    assert [part.num_examples for part in parts] == [1, 2, 1]
    assert_close(torch.cat([_gradients(part) for part in parts]), _gradients(rows))
    if form is not GeneralRows:
        joined = join_rows(parts)
        assert isinstance(joined, form)
        assert_close(_gradients(joined), _gradients(rows))


@pytest.mark.parametrize(("sources", "probes"), [(23, 23), (23, 9), (4, 50)])
@pytest.mark.parametrize("is_traced", [True, False])
def test_blocks_larger_than_the_cache(
    sources: int,
    probes: int,
    generator: torch.Generator,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_traced: bool,
):
    monkeypatch.setattr(contraction, "_CACHED_SOURCES", 5)
    monkeypatch.setattr(contraction, "_CACHED_PROBES", 3)
    made = [
        LinearRows(
            torch.randn(n, 1, 4, generator=generator, dtype=torch.float64),
            torch.randn(n, 2, 1, 3, generator=generator, dtype=torch.float64),
            has_weight=True,
            has_bias=True,
        )
        for n in (sources, probes)
    ]
    for ours, theirs in (made, [made[0], made[0]]):
        full = torch.einsum("skw,plw->skpl", _gradients(ours), _gradients(theirs))
        wanted = full.diagonal(dim1=1, dim2=3).sum(-1) if is_traced else full
        block = torch.zeros_like(wanted)
        add_products(block, ours, theirs, Contraction("positions", 10**6, is_traced, 15, 4))
        if ours is theirs:
            mirror(block)
        assert_close(block, wanted)


def test_a_padded_token_has_no_gradient():
    rows = EmbeddingRows(torch.tensor([[-1, 0]]), torch.ones(1, 1, 2, 3), 2)
    assert rows.gradients(0).tolist() == [[1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize("length", [1, 3, 512, 513, 1030])
def test_mirror(length: int, generator: torch.Generator):
    block = torch.randn(length, length, generator=generator)
    wanted = block.tril() + block.tril(-1).T
    mirror(block)
    assert torch.equal(block, wanted)
