"""Random pairs of a result, computed once more by plain autograd."""

from collections.abc import Mapping

import torch
from torch import Tensor

from neurashed.engine.batches import Batch, take, to_device
from neurashed.engine.contraction import add_products
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.plan import Plan
from neurashed.engine.subject import Subject
from neurashed.errors import EngineMismatchError

__all__ = ["verify_products", "verify_responses"]

# Allowed difference relative to the norms of the two gradients.
_TOLERANCE = {torch.float64: 1e-8, torch.float32: 2e-3}
# Below this a sum of squares in single precision may have lost some of its terms.
_LEAST_SQUARE = 1e-30


def verify_products(
    subject: Subject,
    sides: tuple[Side, Side],
    source: int,
    found: Mapping[int, Tensor],
    plan: Plan,
) -> None:
    """Compare the pairs of one source with a few probes with plain autograd.

    Args:
        subject: The task.
        sides: The sources and the probes.
        source: Number of the source.
        found: What the engine found by number of the probe: one number if traced, else ``(k, l)``.
        plan: The plan that was followed.

    Raises:
        EngineMismatchError: If they differ; the message names the layer that differs most.
    """
    ours = _plain_gradients(subject, sides[0], source)
    multiply = _trace if plan.workload.is_traced else _pairs
    for probe, got in found.items():
        theirs = _plain_gradients(subject, sides[1], probe)
        wanted = {name: multiply(rows, theirs[name]) for name, rows in ours.items()}
        total = torch.stack(list(wanted.values())).sum(0)
        size = _norm(ours) * _norm(theirs)
        difference = float((got.to(total.device) - total).abs().max())
        if difference <= _TOLERANCE.get(subject.dtype, 5e-2) * size or not difference:
            continue
        layer = _worst_layer(subject, sides, (source, probe), plan, wanted)
        message = (
            f"the engine and plain autograd disagree on source {source} and probe {probe}: "
            f"{got.flatten()[0].item():.6g} against {total.flatten()[0].item():.6g}, most in "
            f"layer {layer!r}. Please report this model; meanwhile leave that layer out with "
            "SGD(parameters=...)"
        )
        raise EngineMismatchError(message)


def _trace(ours: Tensor, theirs: Tensor) -> Tensor:
    return ours.flatten() @ theirs.flatten()


def _norm(gradients: Mapping[str, Tensor]) -> float:
    """The norm of a gradient; in double precision where squares would vanish or overflow."""
    squared = float(torch.stack([_trace(rows, rows) for rows in gradients.values()]).sum())
    if _LEAST_SQUARE < squared < float("inf"):
        return squared**0.5
    norms = [torch.linalg.vector_norm(rows, dtype=torch.float64) for rows in gradients.values()]
    return float(torch.stack(norms).norm())


def _pairs(ours: Tensor, theirs: Tensor) -> Tensor:
    return ours @ theirs.T


def _plain_gradients(subject: Subject, side: Side, index: int) -> dict[str, Tensor]:
    """Gradients of one example's values by parameter, ``(cotangent, weight)``."""
    one = to_device(take(side.batch, slice(index, index + 1)), subject.device)
    parameters = subject.parameters
    rows: list[list[Tensor]] = []
    with torch.enable_grad():
        values = side.values(None, *one)[0]
        for value in values:
            grads = torch.autograd.grad(
                value, list(parameters.values()), retain_graph=len(values) > 1, allow_unused=True
            )
            rows.append([
                torch.zeros_like(p).flatten() if g is None else g.to_dense().flatten()
                for g, p in zip(grads, parameters.values(), strict=True)
            ])
    columns = zip(*rows, strict=True)
    return {
        name: column[0].unsqueeze(0) if len(values) == 1 else torch.stack(column)
        for name, column in zip(parameters, columns, strict=True)
    }


def _worst_layer(
    subject: Subject,
    sides: tuple[Side, Side],
    pair: tuple[int, int],
    plan: Plan,
    wanted: Mapping[str, Tensor],
) -> str:
    rows = [
        record_rows(subject, side, slice(index, index + 1), 1)
        for side, index in zip(sides, pair, strict=True)
    ]
    worst, largest = "", -1.0
    for layer in subject.layers:
        ours, theirs = rows[0][layer.name], rows[1][layer.name]
        shape = (
            (1, 1)
            if plan.workload.is_traced
            else (1, ours.num_cotangents, 1, theirs.num_cotangents)
        )
        block = torch.zeros(shape, dtype=subject.dtype, device=subject.device)
        add_products(block, ours, theirs, plan.contraction(layer.name))
        target = torch.stack([wanted[name] for name in layer.parameters]).sum(0)
        difference = float((block.reshape(target.shape) - target).abs().max())
        if difference > largest:
            worst, largest = layer.name, difference
    return worst


def verify_responses(
    subject: Subject,
    sides: tuple[Batch, Batch],
    source: int,
    found: Mapping[int, Tensor],
    lr: float,
) -> None:
    """Compare the responses of a few probes to one source with a plainly taken step.

    Args:
        subject: The task.
        sides: The sources and the probes.
        source: Number of the source.
        found: The engine's responses by number of the probe, each ``(output,)``.
        lr: Learning rate.

    Raises:
        EngineMismatchError: If they differ by more than rounding.
    """
    one = to_device(take(sides[0], slice(source, source + 1)), subject.device)
    with torch.enable_grad():
        loss = subject.losses(None, *one)[0, 0]
        grads = torch.autograd.grad(loss, list(subject.parameters.values()), allow_unused=True)
    with torch.no_grad():
        stepped = {
            name: value if grad is None else value.sub(grad.to_dense(), alpha=lr)
            for (name, value), grad in zip(subject.parameters.items(), grads, strict=True)
        }
    numbers = torch.tensor(list(found))
    probes = to_device(take(sides[1], numbers), subject.device)
    with torch.no_grad():
        all_before = subject.readouts(None, *probes)
        all_wanted = subject.readouts(stepped, *probes) - all_before
    for (number, got), before, wanted in zip(found.items(), all_before, all_wanted, strict=True):
        unit = torch.finfo(subject.dtype).eps
        rounding = 200 * unit * float(before.abs().max() + 1)
        tolerance = _TOLERANCE.get(subject.dtype, 5e-2) * float(wanted.abs().max()) + rounding
        difference = float((got.to(wanted.device) - wanted).abs().max())
        if difference > tolerance:
            message = (
                f"the engine and a plain step disagree on source {source} and probe {number}: "
                f"responses differ by {difference:.3g}, where {tolerance:.3g} would be rounding. "
                f"Layers applied by factors or formed: "
                f"{', '.join(layer.name for layer in subject.layers)}. Please report this model"
            )
            raise EngineMismatchError(message)
