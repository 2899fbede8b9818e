"""Models that cannot be measured, and why."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoo.case import Draw, Written, normal, randomize, with_head


@dataclass(frozen=True)
class Refused:
    """A model to refuse, with examples for it.

    Attributes:
        name: Shown by pytest.
        make: Builds the module in the mode that makes it unfit.
        inputs: Draws ``n`` inputs; targets are drawn like ``normal(2)``.
        reason: ``"batch_norm"``, ``"random"``, ``"mixes"``, ``"not_finite"`` or ``"untrainable"``.
    """

    name: str
    make: Callable[[], nn.Module]
    inputs: Draw
    reason: str

    def build(self, generator: torch.Generator) -> nn.Module:
        """Return the model in float64, in the mode and with the spoilt weights of `make`."""
        model = self.make().double()
        spoilt = [(weight, ~weight.isfinite()) for weight in model.parameters()]
        values = [weight.detach().clone() for weight, _ in spoilt]
        randomize(model, generator)
        with torch.no_grad():
            for (weight, where), value in zip(spoilt, values, strict=True):
                weight[where] = value[where]
        return model

    def examples(self, generator: torch.Generator, n: int = 4) -> tuple[Tensor, Tensor]:
        """Return ``n`` inputs and their targets."""
        return self.inputs(generator, n), torch.randn(n, 2, generator=generator).double()

    def __repr__(self) -> str:
        return self.name


def _spoilt(value: float) -> nn.Module:
    model = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 2))
    with torch.no_grad():
        model.get_parameter("2.weight")[1, 3] = value
    return model


def _untrainable() -> nn.Module:
    return nn.Linear(5, 2).requires_grad_(False)


def _centred(m: Written, x: Tensor) -> Tensor:
    return m.head((m.body(x) - m.body(x).mean(0)).tanh())


def _attention_over_examples(m: Written, x: Tensor) -> Tensor:
    attended, _ = m.attention(x, x, x)
    return m.head(attended.flatten(1))


def _neighbour(m: Written, x: Tensor) -> Tensor:
    return m.head((m.body(x) + 0.1 * m.body(x).roll(1, 0)).tanh())


CASES = [
    Refused(
        "batch-norm-training",
        lambda: with_head(nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6).eval()), 5).train(),
        normal(5),
        "batch_norm",
    ),
    Refused(
        "batch-norm-2d-training",
        lambda: with_head(nn.BatchNorm2d(3).eval(), 3, 4, 4).train(),
        normal(3, 4, 4),
        "batch_norm",
    ),
    Refused(
        "batch-norm-without-statistics",
        lambda: nn.Sequential(nn.BatchNorm1d(5, track_running_stats=False), nn.Linear(5, 2)).eval(),
        normal(5),
        "batch_norm",
    ),
    Refused(
        "dropout-active",
        lambda: nn.Sequential(
            nn.Linear(5, 20), nn.Tanh(), nn.Dropout(0.5), nn.Linear(20, 2)
        ).train(),
        normal(5),
        "random",
    ),
    Refused(
        "dropout-by-function",
        lambda: Written(
            lambda m, x: m.head(torch.dropout(m.body(x), 0.5, True)),
            body=nn.Linear(5, 20),
            head=nn.Linear(20, 2),
        ).eval(),
        normal(5),
        "random",
    ),
    Refused(
        "noise",
        lambda: Written(lambda m, x: m.head(x + torch.randn_like(x)), head=nn.Linear(5, 2)).eval(),
        normal(5),
        "random",
    ),
    Refused(
        "batch-mean",
        lambda: Written(_centred, body=nn.Linear(5, 6), head=nn.Linear(6, 2)).eval(),
        normal(5),
        "mixes",
    ),
    Refused(
        "attention-over-examples",
        lambda: Written(
            _attention_over_examples, attention=nn.MultiheadAttention(6, 2), head=nn.Linear(18, 2)
        ).eval(),
        normal(3, 6),
        "mixes",
    ),
    Refused(
        "neighbour",
        lambda: Written(_neighbour, body=nn.Linear(5, 6), head=nn.Linear(6, 2)).eval(),
        normal(5),
        "mixes",
    ),
    Refused("nan-weight", lambda: _spoilt(math.nan).eval(), normal(5), "not_finite"),
    Refused("infinite-weight", lambda: _spoilt(math.inf).eval(), normal(5), "not_finite"),
    Refused("all-frozen", lambda: _untrainable().eval(), normal(5), "untrainable"),
    Refused(
        "no-parameter",
        lambda: nn.Sequential(nn.Flatten(), nn.Tanh()).eval(),
        normal(2),
        "untrainable",
    ),
]
