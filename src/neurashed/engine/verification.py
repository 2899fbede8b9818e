"""Random pairs of a result, computed once more by plain autograd."""

from collections.abc import Callable, Mapping

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
    *,
    cotangent: int = 0,
    split: Callable[[int, int], Tensor] | None = None,
) -> None:
    """Compare the pairs of one source with a few probes with plain autograd.

    Where an example has many gradients, those of one cotangent are compared: a sum over all of them
    with what `split` gives, and the one part of that with plain autograd.

    Args:
        subject: The task.
        sides: The sources and the probes.
        source: Number of the source.
        found: What the engine found by number of the probe: one number if traced, else ``(k, l)``.
        plan: The plan that was followed.
        cotangent: Cotangent of the source to compare, and of the probe as far as it has as many.
        split: Takes the numbers of a source and of a probe and returns the products ``(k, l)`` of
            all their gradients, from the rows that were multiplied. If None, all are compared.

    An `EngineMismatchError` says that they differ, and names the layer that differs most.
    """
    if split is None or plan.workload.cotangents[0] == 1:
        _verify_all(subject, sides, source, found, plan)
        return
    ours = _plain_gradients(subject, sides[0], source, cotangent)
    for probe, got in found.items():
        pairs = split(source, probe)
        other = min(cotangent, pairs.shape[1] - 1)
        theirs = _plain_gradients(subject, sides[1], probe, other)
        size = _TOLERANCE.get(subject.dtype, 5e-2) * _norm(ours) * _norm(theirs)
        wanted = torch.stack([_trace(rows, theirs[name]) for name, rows in ours.items()]).sum()
        right = abs(float(pairs[cotangent, other] - wanted)) <= size
        whole = pairs.diagonal().sum() if plan.workload.is_traced else pairs
        rounding = _TOLERANCE.get(subject.dtype, 5e-2) * float(pairs.abs().sum()) + size
        right = right and float((got - whole).abs().max()) <= rounding
        if not right:
            _verify_all(subject, sides, source, {probe: got}, plan)


def _verify_all(
    subject: Subject,
    sides: tuple[Side, Side],
    source: int,
    found: Mapping[int, Tensor],
    plan: Plan,
) -> None:
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


def _plain_gradients(
    subject: Subject, side: Side, index: int, cotangent: int | None = None
) -> dict[str, Tensor]:
    """Gradients of an example's values, or of one of them, by parameter ``(cotangent, weight)``."""
    one = to_device(take(side.batch, slice(index, index + 1)), subject.device)
    parameters = subject.parameters
    rows: list[list[Tensor]] = []
    with torch.enable_grad():
        values = side.values(None, *one)[0]
        values = values if cotangent is None else values[cotangent : cotangent + 1]
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
