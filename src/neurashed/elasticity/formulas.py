"""The formulas: from responses to one number for each source-probe pair.

Legend: s source, p probe, c output. Responses Δ are ``(s, p, c)``.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["divergence", "divide_by_source", "fisher_divergence", "response_size"]

# Below this the exact expressions lose digits and their series are better.
_SMALL = 1e-2


def response_size(responses: Float[Tensor, "*pairs output"]) -> Float[Tensor, "*pairs"]:
    """L2 norm of a response over outputs; its magnitude if there is one output."""
    if responses.shape[-1] == 1:
        return responses.squeeze(-1).abs()
    return responses.norm(dim=-1)


def divide_by_source(
    values: Float[Tensor, "source probe"], own: Float[Tensor, " source"]
) -> Float[Tensor, "source probe"]:
    """Divide each row by its source's own value, in place; a row without one is NaN."""
    return values.div_(torch.where(own == 0, torch.nan, own).unsqueeze(1))


def _as_classes(logits: Tensor, changes: Tensor, prediction: str) -> tuple[Tensor, Tensor]:
    """Logits and changes with classes on the last axis; a sigmoid is a softmax over two."""
    if prediction == "softmax":
        return logits, changes
    return (
        torch.stack([logits, torch.zeros_like(logits)], -1),
        torch.stack([changes, torch.zeros_like(changes)], -1),
    )


def divergence(
    logits: Float[Tensor, "*probe output"],
    changes: Float[Tensor, "*pairs output"],
    *,
    prediction: str,
    is_symmetric: bool,
) -> Float[Tensor, "*pairs"]:
    """Divergence of the predictions after a step from those before.

    ``KL(p⁺‖p) = Σ_c p_c φ(δ_c)`` with ``δ`` the change of log-probabilities and
    ``φ(δ) = e^δ(δ − 1) + 1``, which has no cancellation between classes; the symmetric divergence
    ``KL(p⁺‖p) + KL(p‖p⁺)`` is ``Σ_c p_c δ_c (e^δ_c − 1)``.

    Args:
        logits: Logits before the step.
        changes: Their responses.
        prediction: ``"softmax"``, or ``"sigmoid"`` for a sum over independent outputs.
        is_symmetric: Whether both directions are added.

    Returns:
        The divergence in nats.
    """
    logits, changes = _as_classes(logits, changes, prediction)
    before = F.softmax(logits, -1)
    shift = torch.log1p((before * torch.expm1(changes)).sum(-1, keepdim=True))
    delta = changes - shift
    if is_symmetric:
        terms = before * delta * torch.expm1(delta)
    else:
        exact = torch.exp(delta) * (delta - 1) + 1
        series = delta.square() * (0.5 + delta * (1 / 3 + delta * (1 / 8 + delta / 30)))
        terms = before * torch.where(delta.abs() < _SMALL, series, exact)
    total = terms.sum(-1)
    return total if prediction == "softmax" else total.sum(-1)


def fisher_divergence(
    logits: Float[Tensor, "*probe output"],
    changes: Float[Tensor, "*pairs output"],
    *,
    prediction: str,
    is_symmetric: bool,
) -> Float[Tensor, "*pairs"]:
    """Small-step limit ``½ Δᵀ F Δ``, ``F = diag(p) − p pᵀ``; twice that if both directions add."""
    logits, changes = _as_classes(logits, changes, prediction)
    before = F.softmax(logits, -1)
    centered = changes - (before * changes).sum(-1, keepdim=True)
    total = (before * centered.square()).sum(-1)
    total = total if is_symmetric else 0.5 * total
    return total if prediction == "softmax" else total.sum(-1)
