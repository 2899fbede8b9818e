"""Elasticities and kernels that are known without any step or gradient, with their models.

Unless it says otherwise, a function of sources (source, feature) and probes (probe, feature)
returns (source, probe).
"""

import math

import torch
from torch import Tensor, nn
from zoo import Written


def linear_relative(xs: Tensor, xp: Tensor) -> Tensor:
    """Return S_rel of f = <w, x>: |<x, x'>| / |x|², whatever the weights."""
    return (xs @ xp.T).abs() / xs.square().sum(1, keepdim=True)


def relu_gate_relative(w: Tensor, xs: Tensor, xp: Tensor) -> Tensor:
    """Return S_rel of f = max(<w, x>, 0): as the linear one where the probe is active.

    NaN where the source is inactive, since no step changes anything then.
    """
    relative = linear_relative(xs, xp) * (xp @ w > 0)
    return relative.where((xs @ w > 0)[:, None], torch.nan)


def homogeneous_relative(w: Tensor, degree: int, xs: Tensor, xp: Tensor) -> Tensor:
    """Return the limit for small steps of S_rel of f = Σ w_i^degree x_i."""
    weights = w ** (2 * degree - 2)
    return ((xs * weights) @ xp.T).abs() / (xs.square() @ weights)[:, None]


def ridge_relative(heads: Tensor, target: int, penalty: float, xs: Tensor, xp: Tensor) -> Tensor:
    """Return S_rel of linear heads (head, feature) with squared loss and weight penalty.

    The loss of an example h is ½ Σ_k (δ_k - <w_k, h>)² + ½ penalty Σ_k |w_k|², with δ one at the
    target and zero elsewhere. A step moves head k's output at h' by the learning rate times
    δ_k <h, h'> - <w_k, T h'>, where T = penalty I + h hᵀ.
    """
    wanted = torch.zeros(len(heads), dtype=heads.dtype)
    wanted[target] = 1
    sizes = []
    for h in xs:
        moved = xp @ (penalty * torch.eye(len(h), dtype=h.dtype) + torch.outer(h, h)) @ heads.T
        own = (penalty + h @ h) * (heads @ h)
        size = (wanted * (xp @ h)[:, None] - moved).norm(dim=1)
        sizes.append(size / (wanted * (h @ h) - own).norm())
    return torch.stack(sizes)


def two_layer_kernel(
    weight: Tensor, bias: Tensor | None, outer: Tensor, xs: Tensor, xp: Tensor
) -> Tensor:
    """Return the tangent kernel of f = <outer, max(weight x + bias, 0)> + outer_bias.

    All four are trained: K = R Rᵀ + 1 + (A diag(outer²) Aᵀ) ∘ (X Xᵀ + 1), where R holds the hidden
    units' values and A says which are active. Without a bias there is no outer one and no 1.
    """
    ones = 0 if bias is None else 1
    before_s, before_p = (x @ weight.T + (0 if bias is None else bias) for x in (xs, xp))
    active = ((before_s > 0) * outer.square()) @ (before_p > 0).to(outer.dtype).T
    return before_s.relu() @ before_p.relu().T + ones + active * (xs @ xp.T + ones)


def infinite_width_kernel(xs: Tensor, xp: Tensor) -> Tensor:
    """Return the mean tangent kernel of f = <a, max(W x, 0)> / √m, with a and W standard normal."""
    sizes = xs.norm(dim=1)[:, None] * xp.norm(dim=1)
    cosines = ((xs @ xp.T) / sizes).clamp(-1, 1)
    angles = cosines.arccos()
    both_active = (math.pi - angles) / (2 * math.pi)
    return xs @ xp.T * both_active + sizes * (angles.sin() / (2 * math.pi) + both_active * cosines)


def linear_model(w: Tensor) -> nn.Module:
    """Return f = <w, x>, output (example, 1)."""
    return Written(lambda m, x: (x @ m.w)[:, None], w=nn.Parameter(w.clone()))


def relu_gate_model(w: Tensor) -> nn.Module:
    """Return f = max(<w, x>, 0), output (example, 1)."""
    return Written(lambda m, x: (x @ m.w)[:, None].relu(), w=nn.Parameter(w.clone()))


def homogeneous_model(w: Tensor, degree: int) -> nn.Module:
    """Return f = Σ w_i^degree x_i, output (example, 1)."""
    return Written(lambda m, x: (x @ m.w**degree)[:, None], w=nn.Parameter(w.clone()))


def ridge_model(heads: Tensor, penalty: float) -> nn.Module:
    """Return linear heads whose last output is the penalty, for `ridge_loss` to add."""

    def passes(m: Written, x: Tensor) -> Tensor:
        cost = penalty / 2 * m.heads.square().sum()
        return torch.cat([x @ m.heads.T, cost.expand(len(x), 1)], 1)

    return Written(passes, heads=nn.Parameter(heads.clone()))


def ridge_loss(output: Tensor, targets: Tensor) -> Tensor:
    """Return ½ Σ_k (target_k - output_k)² + penalty for each example; targets (example, head)."""
    return (targets - output[:, :-1]).square().sum(1) / 2 + output[:, -1]


def ridge_readout(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    """Return the heads' outputs without the penalty."""
    return output[:, :-1]


def two_layer_model(weight: Tensor, bias: Tensor, outer: Tensor) -> nn.Module:
    """Return f = <outer, max(weight x + bias, 0)> + 0.3, output (example, 1)."""
    model = nn.Sequential(
        nn.Linear(weight.shape[1], len(weight)), nn.ReLU(), nn.Linear(len(weight), 1)
    )
    values = (weight, bias, outer[None], torch.full((1,), 0.3))
    with torch.no_grad():
        for parameter, value in zip(model.to(weight.dtype).parameters(), values, strict=True):
            parameter.copy_(value)
    return model
