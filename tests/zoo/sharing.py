"""Weights used more than once, in more than one way, or outside any layer."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.case import Case, Written, normal, parameter


def _tied_layers() -> nn.Module:
    first, second = nn.Linear(5, 5), nn.Linear(5, 5)
    second.weight = first.weight
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), nn.Linear(5, 2))


def _tied_biases() -> nn.Module:
    first, second = nn.Linear(5, 6), nn.Linear(6, 6)
    second.bias = first.bias
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), nn.Linear(6, 2))


def _two_names() -> nn.Module:
    layer = nn.Linear(5, 5)
    return Written(
        lambda m, x: m.head(m.second((m.first(x) + x).tanh()).tanh()),
        first=layer,
        second=layer,
        head=nn.Linear(5, 2),
    )


def _module_and_function(m: Written, x: Tensor) -> Tensor:
    hidden = m.fc(x).tanh()
    return m.head(functional.linear(hidden, m.fc.weight).tanh())


def _tied_decoder(m: Written, x: Tensor) -> Tensor:
    return functional.linear(m.fc(x).tanh(), m.fc.weight.T, m.bias)


def _penalty(m: Written, x: Tensor) -> Tensor:
    return m.fc(x).tanh() * m.fc.weight.square().sum() + m.fc.bias.norm()


def _recurrent(m: Written, x: Tensor) -> Tensor:
    state = x.new_zeros(len(x), 4)
    for now in x.unbind(1):
        state = (m.inward(now) + m.around(state)).tanh()
    return m.head(state)


def _experts(m: Written, x: Tensor) -> Tensor:
    shares = m.gate(x).softmax(-1)
    return torch.einsum("ne,nek->nk", shares, torch.einsum("ekw,nw->nek", m.experts, x).tanh())


def _listed() -> nn.Module:
    def passes(m: Written, x: Tensor) -> Tensor:
        for weight in m.weights:
            x = (x @ weight).tanh()
        return x

    return Written(passes, weights=nn.ParameterList([parameter(5, 6), parameter(6, 2)]))


def _sliced(m: Written, x: Tensor) -> Tensor:
    return m.fc(x).tanh() + (x[:, :3] @ m.fc.weight[:, 2:].T) * m.fc.bias[0]


def _scale_and_shift(m: Written, x: Tensor) -> Tensor:
    return m.head((m.fc(x) * m.scale.exp() + m.shift).tanh())


CASES = [
    Case(
        "linear-twice",
        lambda: Written(
            lambda m, x: m.head(m.body(m.body(x).tanh()).tanh()),
            body=nn.Linear(5, 5),
            head=nn.Linear(5, 2),
        ),
        normal(5),
    ),
    Case(
        "linear-twice-side-by-side",
        lambda: Written(
            lambda m, x: m.body(x[:, :5]).tanh() * m.body(x[:, 5:]), body=nn.Linear(5, 2)
        ),
        normal(10),
    ),
    Case("tied-layers", _tied_layers, normal(5)),
    Case("tied-biases", _tied_biases, normal(5)),
    Case("one-layer-two-names", _two_names, normal(5)),
    Case(
        "tied-autoencoder",
        lambda: Written(_tied_decoder, fc=nn.Linear(5, 3), bias=parameter(5)),
        normal(5),
        normal(5),
    ),
    Case(
        "module-and-function",
        lambda: Written(_module_and_function, fc=nn.Linear(5, 5), head=nn.Linear(5, 2)),
        normal(5),
    ),
    Case(
        "weight-in-a-product-elsewhere",
        lambda: Written(
            lambda m, x: m.fc(x).tanh() + (x @ m.fc.weight.T).sin(), fc=nn.Linear(5, 2)
        ),
        normal(5),
    ),
    Case("weight-in-a-slice-elsewhere", lambda: Written(_sliced, fc=nn.Linear(5, 2)), normal(5)),
    Case("weight-in-a-penalty", lambda: Written(_penalty, fc=nn.Linear(5, 2)), normal(5)),
    Case(
        "unrolled-recurrence",
        lambda: Written(
            _recurrent,
            inward=nn.Linear(3, 4),
            around=nn.Linear(4, 4, bias=False),
            head=nn.Linear(4, 2),
        ),
        normal(5, 3),
    ),
    Case(
        "parameter-product",
        lambda: Written(
            lambda m, x: (x @ m.inward).tanh() @ m.outward,
            inward=parameter(5, 6),
            outward=parameter(6, 2),
        ),
        normal(5),
    ),
    Case(
        "parameter-einsum",
        lambda: Written(_experts, gate=nn.Linear(5, 3), experts=parameter(3, 2, 5)),
        normal(5),
    ),
    Case("parameter-list", _listed, normal(5)),
    Case(
        "parameter-scale-and-shift",
        lambda: Written(
            _scale_and_shift,
            fc=nn.Linear(5, 6),
            scale=parameter(),
            shift=parameter(6),
            head=nn.Linear(6, 2),
        ),
        normal(5),
    ),
    Case(
        "parameter-alone",
        lambda: Written(lambda m, x: (x * m.weight).sum(-1, keepdim=True), weight=parameter(5)),
        normal(5),
        normal(1),
    ),
]
