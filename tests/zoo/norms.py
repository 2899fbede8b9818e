"""Normalizations, and weights that are made from other weights."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from zoo.case import Case, Written, normal, with_head


class UnitNorm(nn.Module):
    """Scales a weight to Frobenius norm one."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight / weight.norm()


def _norm(name: str, make: Callable[[], nn.Module], *shape: int) -> Case:
    return Case(f"norm-{name}", lambda: with_head(make(), *shape), normal(*shape))


def _dense(norm: nn.Module, width: int = 6) -> nn.Module:
    return nn.Sequential(nn.Linear(5, width), norm)


def _image(norm: nn.Module, channels: int = 4) -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, channels, 3, padding=1), norm)


def _frozen(norm: nn.Module) -> nn.Module:
    return norm.requires_grad_(False)


def _parametrized() -> nn.Module:
    layer = nn.Linear(5, 6)
    parametrize.register_parametrization(layer, "weight", UnitNorm())
    return layer


CASES = [
    _norm("layer", lambda: _dense(nn.LayerNorm(6)), 5),
    _norm("layer-no-bias", lambda: _dense(nn.LayerNorm(6, bias=False)), 5),
    _norm("layer-not-affine", lambda: _dense(nn.LayerNorm(6, elementwise_affine=False)), 5),
    _norm("layer-on-sequence", lambda: _dense(nn.LayerNorm(6)), 3, 5),
    _norm("layer-over-two-axes", lambda: nn.LayerNorm([3, 5]), 3, 5),
    _norm("layer-over-two-of-three-axes", lambda: nn.LayerNorm([3, 5]), 2, 3, 5),
    _norm(
        "layer-twice",
        lambda: Written(
            lambda m, x: m.norm(m.fc(m.norm(x)).tanh()), norm=nn.LayerNorm(5), fc=nn.Linear(5, 5)
        ),
        5,
    ),
    _norm("rms", lambda: _dense(nn.RMSNorm(6)), 3, 5),
    _norm("rms-over-two-axes", lambda: nn.RMSNorm([3, 5], eps=1e-5), 3, 5),
    _norm("rms-not-affine", lambda: _dense(nn.RMSNorm(6, elementwise_affine=False)), 5),
    _norm("group", lambda: _image(nn.GroupNorm(2, 4)), 2, 4, 4),
    _norm("group-on-rows", lambda: _dense(nn.GroupNorm(3, 6)), 5),
    _norm("group-on-series", lambda: nn.GroupNorm(2, 4), 4, 5),
    _norm("group-of-one", lambda: _image(nn.GroupNorm(4, 4)), 2, 4, 4),
    _norm("group-not-affine", lambda: _image(nn.GroupNorm(1, 4, affine=False)), 2, 4, 4),
    _norm("batch-1d", lambda: _dense(nn.BatchNorm1d(6).eval()), 5),
    _norm("batch-1d-on-series", lambda: nn.BatchNorm1d(4).eval(), 4, 5),
    _norm("batch-1d-first", lambda: nn.BatchNorm1d(5).eval(), 5),
    _norm("batch-2d", lambda: _image(nn.BatchNorm2d(4).eval()), 2, 4, 4),
    _norm("batch-2d-not-affine", lambda: _image(nn.BatchNorm2d(4, affine=False).eval()), 2, 4, 4),
    _norm("batch-2d-frozen", lambda: _image(_frozen(nn.BatchNorm2d(4)).eval()), 2, 4, 4),
    _norm(
        "batch-2d-twice",
        lambda: Written(
            lambda m, x: m.norm(m.conv(m.norm(x)).tanh()),
            norm=nn.BatchNorm2d(2).eval(),
            conv=nn.Conv2d(2, 2, 3),
        ),
        2,
        5,
        5,
    ),
    _norm("instance", lambda: _image(nn.InstanceNorm2d(4, affine=True)), 2, 4, 4),
    _norm(
        "instance-running",
        lambda: nn.InstanceNorm1d(3, affine=True, track_running_stats=True).eval(),
        3,
        6,
    ),
    _norm("weight", lambda: parametrizations.weight_norm(nn.Linear(5, 6)), 5),
    _norm("weight-conv", lambda: parametrizations.weight_norm(nn.Conv2d(2, 3, 3)), 2, 5, 5),
    _norm("weight-of-one", _parametrized, 5),
    _norm(
        "activations-by-two-calls",
        lambda: Written(
            lambda m, x: m.fc(x) / m.fc(x).norm(dim=-1, keepdim=True), fc=nn.Linear(5, 6)
        ),
        5,
    ),
]
