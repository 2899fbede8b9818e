"""Rows of convolutions: gradients in the order of the weight, and the same products in pieces."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from closeness import assert_close
from torch import Tensor

from neurashed.engine.contraction import Contraction, add_products
from neurashed.engine.convolution_rows import ConvolutionRows
from neurashed.engine.mirroring import mirror

# Shape of an example, shape of the weight, and options as `torch.nn.functional` calls them.
FORMS = {
    "2d": ((3, 6, 5), (4, 3, 3, 3), {"padding": 1}),
    "2d-strided": ((3, 9, 8), (4, 3, 3, 2), {"stride": (2, 3), "padding": 2, "dilation": 2}),
    "2d-unpadded": ((2, 5, 5), (7, 2, 3, 3), {}),
    "2d-point": ((5, 4, 4), (6, 5, 1, 1), {"stride": 2}),
    "2d-groups": ((4, 5, 5), (6, 2, 3, 3), {"groups": 2, "padding": 1}),
    "1d": ((3, 9), (4, 3, 3), {"padding": 2, "dilation": 2}),
}  # fmt: skip
NUM_EXAMPLES, NUM_COTANGENTS = 4, 2


def _pairs(value: int | tuple[int, ...], num_axes: int) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) * num_axes


@pytest.fixture(params=FORMS)
def case(
    request: pytest.FixtureRequest,
    generator: torch.Generator,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[ConvolutionRows, Tensor]:
    """Return rows of a layer with a bias and their gradients by autograd, ``(example, k, P)``."""
    shape, weight_shape, given = FORMS[request.param]
    num_axes = len(shape) - 1

    def draw(*size: int) -> Tensor:
        return torch.randn(size, generator=generator, dtype=dtype).to(device)

    inputs = draw(NUM_EXAMPLES, *shape)
    weight, bias = draw(*weight_shape).requires_grad_(), draw(weight_shape[0]).requires_grad_()
    outputs = (F.conv1d, F.conv2d)[num_axes - 1](inputs, weight, bias, **given)
    grads = draw(NUM_EXAMPLES, NUM_COTANGENTS, *outputs.shape[1:])
    wanted = [
        torch.autograd.grad(outputs[n], (weight, bias), grads[n, k], retain_graph=True)
        for n, k in product(range(NUM_EXAMPLES), range(NUM_COTANGENTS))
    ]
    flat = torch.stack([torch.cat([w.flatten(), b]) for w, b in wanted])
    padding = _pairs(given.get("padding", 0), num_axes)
    options = {
        "kernel": weight_shape[2:],
        "stride": _pairs(given.get("stride", 1), num_axes),
        "dilation": _pairs(given.get("dilation", 1), num_axes),
        "padding": tuple(side for pad in reversed(padding) for side in (pad, pad)),
        "groups": given.get("groups", 1),
    }
    rows = ConvolutionRows(
        inputs.unsqueeze(1).movedim(2, -1), grads.unsqueeze(2).movedim(3, -1), True, True, options
    )
    return rows, flat.unflatten(0, (NUM_EXAMPLES, NUM_COTANGENTS))


def test_gradients_are_in_the_order_of_the_parameters(case: tuple[ConvolutionRows, Tensor]):
    rows, wanted = case
    for k in range(NUM_COTANGENTS):
        assert_close(rows.gradients(k), wanted[:, k])
    assert rows.num_parameters == wanted.shape[2]


@pytest.mark.parametrize("largest", [1, 7, 20, 10**6])
def test_pieces_hold_each_number_once(case: tuple[ConvolutionRows, Tensor], largest: int):
    rows, wanted = case
    pieces = rows.split(largest)
    found = torch.cat([piece.gradients(1) for piece in pieces], 1)
    assert_close(found.sort(1).values, wanted[:, 1].sort(1).values)
    if rows.options["groups"] > 1 or largest == 10**6:
        assert pieces == [rows]
    elif largest > 7:  # wider than the inputs of one output unit
        assert max(piece.num_parameters for piece in pieces) <= largest


@pytest.mark.parametrize("workspace", [1, 150, 600, 10**6])
@pytest.mark.parametrize("route", ["gradients", "positions"])
def test_products_are_those_of_the_gradients(
    case: tuple[ConvolutionRows, Tensor], route: str, workspace: int
):
    rows, wanted = case
    full = torch.einsum("skw,plw->skpl", wanted, wanted)
    trace = full.diagonal(dim1=1, dim2=3).sum(-1)
    for is_traced, expected in ((True, trace), (False, full)):
        how = Contraction(route, workspace, is_traced, rows.num_parameters, 1000)
        block = torch.zeros_like(expected)
        add_products(block, rows, rows, how)
        mirror(block)
        assert_close(block, expected)
        others = rows.part(1, 3)
        block = torch.zeros_like(expected[:, 1:3] if is_traced else expected[:, :, 1:3])
        add_products(block, rows, others, how)
        assert_close(block, expected[:, 1:3] if is_traced else expected[:, :, 1:3])
