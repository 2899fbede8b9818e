"""Arguments are read alike however a caller gives them."""

import pytest
import torch
import torch.nn.functional as F
from closeness import assert_close

from neurashed.engine.calls import read_call

X, W, B = torch.zeros(2, 4, 7), torch.zeros(6, 2, 3), torch.zeros(6)


@pytest.mark.parametrize(
    ("args", "kwargs"), [((X, W, B), {}), ((X,), {"bias": B, "weight": W}), ((), {
        "input": X, "weight": W, "bias": B
    })]
)  # fmt: skip
def test_linear(args: tuple[torch.Tensor, ...], kwargs: dict[str, torch.Tensor]):
    call = read_call(F.linear, args, kwargs)
    assert call is not None
    assert (call.kind, call.options) == ("linear", {})
    assert call.input is X
    assert call.weight is W
    assert call.bias is B


@pytest.mark.parametrize("function", [F.conv1d, torch.conv1d])
def test_convolution(function: object):
    call = read_call(function, (X, W, B, 2), {"padding": (1,), "dilation": 3, "groups": 2})
    assert call is not None
    assert call.options == {
        "kernel": (3,), "stride": (2,), "dilation": (3,), "padding": (1, 1), "groups": 2
    }  # fmt: skip


@pytest.mark.parametrize(
    ("padding", "expected"),
    [("valid", (0, 0, 0, 0)), ("same", (1, 2, 4, 4)), (1, (1, 1, 1, 1)), ((2, 0), (0, 0, 2, 2))],
)
def test_padding_is_given_last_axis_first(padding: object, expected: tuple[int, ...]):
    image, weight = torch.zeros(1, 1, 9, 9), torch.zeros(1, 1, 5, 4)
    options = {"padding": padding, "dilation": (2, 1)}
    call = read_call(F.conv2d, (image, weight), options)
    assert call is not None
    assert call.options["padding"] == expected


def test_an_image_without_a_batch_is_not_read():
    assert read_call(F.conv2d, (torch.zeros(1, 5, 5), torch.zeros(1, 1, 3, 3)), {}) is None


@pytest.mark.parametrize(("padding", "expected"), [(None, None), (2, 2), (-1, 6)])
def test_embedding(padding: int | None, expected: int | None):
    call = read_call(F.embedding, (torch.zeros(2, 3).long(), torch.zeros(7, 4), padding), {})
    assert call is not None
    assert (call.kind, call.options) == ("embedding", {"padding_idx": expected})


@pytest.mark.parametrize("option", [{"max_norm": 1.0}, {"scale_grad_by_freq": True}])
def test_an_embedding_that_does_more_is_not_read(option: dict[str, object]):
    assert read_call(F.embedding, (torch.zeros(2).long(), torch.zeros(7, 4)), option) is None


@pytest.mark.parametrize(
    ("function", "args", "trailing"),
    [
        (F.layer_norm, ((4, 5),), 2),
        (F.rms_norm, ((5,),), 1),
        (F.group_norm, (2,), None),
        (F.batch_norm, (torch.zeros(4), torch.ones(4)), None),
    ],
)
def test_norms_normalize_before_they_scale(
    function: object, args: tuple[object, ...], trailing: int | None, generator: torch.Generator
):
    x = torch.randn(3, 4, 5, generator=generator)
    shape = args[0] if trailing else (4,)
    weight = torch.full(shape, 2.0)
    call = read_call(function, (x, *args), {"weight": weight})
    assert call is not None
    assert (call.kind, call.options["trailing"]) == ("affine", trailing)
    scaled = function(x, *args, weight=weight)
    assert_close(2 * call.options["normalize"](), scaled)


def test_a_batch_norm_in_training_is_not_read():
    args = torch.zeros(3, 4), torch.zeros(4), torch.ones(4)
    assert read_call(F.batch_norm, args, {"training": True}) is None
    assert read_call(F.batch_norm, (*args, None, None, True), {}) is None


def test_other_calls_are_not_read():
    assert read_call(torch.matmul, (X, W), {}) is None
