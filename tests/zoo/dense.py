"""Fully connected networks, and what people do to linear layers."""

from itertools import pairwise
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from zoo.case import CLASSIFIER, Case, Written, classes, fields, normal, sides, tokens


class DoubledLinear(nn.Linear):
    """A linear layer in type, not in what it computes."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return 2 * super().forward(input).square()


def _mlp(*widths: int, activation: type[nn.Module] = nn.Tanh, bias: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after, bias=bias), activation()]
    return nn.Sequential(*layers[:-1])


def _relu(*, inplace: bool) -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(inplace=inplace), nn.Linear(8, 2))


def _frozen(model: nn.Module, *names: str) -> nn.Module:
    for name in names:
        model.get_parameter(name).requires_grad_(False)
    return model


def _hooked() -> nn.Module:
    model = _mlp(5, 6, 2)
    model[0].register_forward_hook(lambda _, __, output: output * 3)
    model[2].register_forward_pre_hook(lambda _, inputs: (inputs[0] + 1,))
    return model


def _adapted(m: Written, x: Tensor) -> Tensor:
    return m.head((m.base(x) + m.up(m.down(x)) / 2).tanh())


def _added_in_place(m: Written, x: Tensor) -> Tensor:
    hidden = m.first(x)
    hidden += x
    hidden.tanh_()
    return m.head(hidden).mul_(2)


def _split(m: Written, x: Tensor) -> Tensor:
    values, gate, shift = m.fused(x).chunk(3, dim=-1)
    return m.head(values * gate.sigmoid() + shift)


def _by_shape(m: Written, x: Tensor) -> Tensor:
    return m.head(m.first(x).tanh()) if x.shape[-1] == 5 else m.head(x)


def _dead_branch(m: Written, x: Tensor) -> Tensor:
    m.dead(x)
    return m.head(m.first(x).tanh())


def _detached(m: Written, x: Tensor) -> Tensor:
    with torch.no_grad():
        constant = m.first(x)
    return m.head(m.first(x).tanh() + m.other(x).detach() + constant)


def _generated(m: Written, x: Tensor) -> Tensor:
    """Return an output whose weights a layer made from an input that is no example's."""
    weight = m.maker(torch.ones(3, 4, dtype=x.dtype, device=x.device)).unflatten(1, (2, 5))
    return torch.einsum("kcw,nw->nkc", weight, x).tanh().sum(1)


CASES = [
    Case("linear", lambda: nn.Linear(5, 2), normal(5)),
    Case("mlp", lambda: _mlp(5, 7, 6, 3), normal(5), classes(3), "cross_entropy", CLASSIFIER),
    Case("mlp-no-bias", lambda: _mlp(5, 7, 2, bias=False), normal(5)),
    Case("mlp-scalar", lambda: _mlp(5, 7, 1), normal(5), normal(1), readouts=("output", "loss")),
    Case(
        "mlp-flat",
        lambda: Written(lambda m, x: m.net(x)[:, 0], net=_mlp(5, 7, 1)),
        normal(5),
        normal(),
        readouts=("output", "loss"),
    ),
    Case("mlp-sigmoid", lambda: _mlp(5, 7, 1), normal(5), sides(1), "bce", CLASSIFIER),
    Case(
        "mlp-sigmoid-flat",
        lambda: nn.Sequential(_mlp(5, 7, 1), nn.Flatten(0)),
        normal(5),
        sides(),
        "bce",
        CLASSIFIER,
    ),
    Case("mlp-relu", lambda: _relu(inplace=False), normal(5), is_smooth=False),
    Case("mlp-relu-inplace", lambda: _relu(inplace=True), normal(5), is_smooth=False),
    Case(
        "mlp-inactive-dropout",
        lambda: nn.Sequential(nn.Linear(5, 6), nn.Dropout(0.5), nn.Tanh(), nn.Linear(6, 2)),
        normal(5),
    ),
    Case("deep-linear", lambda: _mlp(5, 6, 6, 6, 2, activation=nn.Identity), normal(5)),
    Case("as-many-inputs-as-examples", lambda: _mlp(4, 4, 4), normal(4), normal(4)),
    Case(
        "integer-inputs",
        lambda: Written(lambda m, x: m.net(x.to(m.net[0].weight.dtype) / 4), net=_mlp(5, 6, 2)),
        tokens(9, 5),
    ),
    Case(
        "linear-by-keyword",
        lambda: Written(lambda m, x: m.fc(input=x), fc=nn.Linear(5, 2)),
        normal(5),
    ),
    Case("linear-subclass", lambda: nn.Sequential(DoubledLinear(5, 6), nn.Linear(6, 2)), normal(5)),
    Case("hooks", _hooked, normal(5)),
    Case("frozen-layer", lambda: _frozen(_mlp(5, 6, 2), "0.weight", "0.bias"), normal(5)),
    Case("frozen-bias", lambda: _frozen(_mlp(5, 6, 2), "0.bias"), normal(5)),
    Case("frozen-weight", lambda: _frozen(_mlp(5, 6, 2), "2.weight"), normal(5)),
    Case(
        "low-rank-adapter",
        lambda: _frozen(
            Written(
                _adapted,
                base=nn.Linear(5, 6),
                down=nn.Linear(5, 2, bias=False),
                up=nn.Linear(2, 6, bias=False),
                head=nn.Linear(6, 2),
            ),
            "base.weight",
            "base.bias",
            "head.weight",
            "head.bias",
        ),
        normal(5),
    ),
    Case(
        "unused-parameter",
        lambda: Written(lambda m, x: m.net(x), net=_mlp(5, 6, 2), spare=nn.Linear(3, 3)),
        normal(5),
    ),
    Case(
        "dead-branch",
        lambda: Written(
            _dead_branch, first=nn.Linear(5, 6), dead=nn.Linear(5, 6), head=nn.Linear(6, 2)
        ),
        normal(5),
    ),
    Case(
        "detached-branch",
        lambda: Written(
            _detached, first=nn.Linear(5, 6), other=nn.Linear(5, 6), head=nn.Linear(6, 2)
        ),
        normal(5),
        is_smooth=False,
    ),
    Case(
        "added-in-place",
        lambda: Written(_added_in_place, first=nn.Linear(5, 5), head=nn.Linear(5, 2)),
        normal(5),
    ),
    Case(
        "split-outputs",
        lambda: Written(_split, fused=nn.Linear(5, 12), head=nn.Linear(4, 2)),
        normal(5),
    ),
    Case(
        "if-on-shape",
        lambda: Written(_by_shape, first=nn.Linear(5, 6), head=nn.Linear(6, 2)),
        normal(5),
    ),
    Case("generated-weights", lambda: Written(_generated, maker=nn.Linear(4, 10)), normal(5)),
    Case(
        "prelu",
        lambda: nn.Sequential(nn.Linear(5, 6), nn.PReLU(6), nn.Linear(6, 2), nn.PReLU()),
        normal(5),
        is_smooth=False,
    ),
    Case(
        "bilinear",
        lambda: Written(
            lambda m, left, right: m.head(m.join(left, right).tanh()),
            join=nn.Bilinear(3, 4, 5),
            head=nn.Linear(5, 2),
        ),
        fields(left=normal(3), right=normal(4)),
    ),
    Case(
        "two-towers",
        lambda: Written(
            lambda m, left, right: m.head((m.tower(left) * m.tower(right)).tanh()),
            tower=nn.Linear(5, 6),
            head=nn.Linear(6, 2),
        ),
        fields(left=normal(5), right=normal(5)),
    ),
    Case(
        "output-object",
        lambda: Written(lambda m, x: SimpleNamespace(logits=m.net(x)), net=_mlp(5, 6, 3)),
        normal(5),
        classes(3),
        "cross_entropy",
        CLASSIFIER,
    ),
]
