"""How much of an exact response is rounding.

A response is the difference of two readouts, so it carries the rounding of both. That rounding is
measured: the readout is computed once more in double precision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from neurashed.engine.batches import Batch, take, to_device
from neurashed.engine.subject import Subject
from neurashed.engine.watching import replace_tensors

__all__ = ["Resolution", "estimate_rounding"]

# Probes read in double precision, and how many tensors of the largest size a pass may hold.
_NUM_SAMPLED, _TENSORS = 64, 6


class _DoublePrecision(TorchFunctionMode):
    """Computes every call in double precision, converting parameters as they are used."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Convert what goes in."""
        named: dict[str, Any] = replace_tensors(kwargs or {}, _to_double)
        return func(*replace_tensors(args, _to_double), **named)


def _to_double(value: Tensor) -> Tensor:
    return value.double() if value.dtype == torch.float32 else value


def estimate_rounding(subject: Subject, batch: Batch, before: Tensor, *, memory: int) -> Tensor:
    """Estimate the rounding in the response of each probe.

    Args:
        subject: The task.
        batch: The probes.
        before: Their readouts ``(probe, output)`` as the engine computed them.
        memory: Budget in bytes.

    Returns:
        The expected size of the rounding of a response, its norm over outputs, ``(probe,)``. At
        most 64 probes, evenly spread, are read again in double precision; the rest get what is
        typical of them. In
        double precision it is taken as 8 units in the last place of the readout; a model that
        cannot run in double precision gets the same rule.
    """
    unit = torch.finfo(before.dtype).eps
    floor = 8 * unit * before.norm(dim=1)
    if before.dtype != torch.float32:
        return floor
    largest = torch.float64.itemsize * _TENSORS * max(subject.discovery.largest_activation, 1)
    sample = torch.linspace(0, len(before) - 1, min(len(before), _NUM_SAMPLED)).round().long()
    try:
        errors = torch.cat([
            (_read_in_double(subject, batch, rows) - before[rows]).norm(dim=1)
            for rows in sample.split(max(1, memory // largest))
        ])
    except RuntimeError:
        return floor
    # One probe's error may be small by luck: take at least the root mean square over probes.
    typical = errors.square().mean().sqrt()
    rounding = typical.repeat(len(before))
    rounding[sample] = torch.maximum(errors, typical)
    return 2**0.5 * rounding.to(before.dtype)


def _read_in_double(subject: Subject, batch: Batch, rows: Tensor) -> Tensor:
    chunk = to_device(take(batch, rows), subject.device)
    with torch.no_grad(), _DoublePrecision():
        return subject.readouts(None, *chunk)


@dataclass
class Resolution:
    """Counts responses whose rounding exceeds one part in a hundred.

    A response of exactly zero may be true, or lost in rounding. It counts as lost where other
    responses to the same step are lost too, or where the step moved nothing at all.

    Attributes:
        unresolved: How many responses have too much rounding.
        vanished: How many are exactly zero although the step changed the weights.
        total: How many were looked at.
    """

    unresolved: int = 0
    vanished: int = 0
    total: int = 0

    def count(self, sizes: Tensor, rounding: Tensor) -> None:
        """Count responses to steps that changed something.

        Args:
            sizes: Sizes of responses, ``(source, probe)``.
            rounding: Rounding to expect, ``(probe,)``.
        """
        is_zero = sizes == 0
        is_lost = (rounding > 0.01 * sizes) & ~is_zero
        in_doubt = (is_lost.any(1) | is_zero.all(1)).unsqueeze(1)
        self.unresolved += int((is_lost | (is_zero & in_doubt)).sum())
        self.vanished += int(is_zero.sum())
        self.total += sizes.numel()

    @property
    def fraction(self) -> float:
        """Share of responses with too much rounding."""
        return self.unresolved / self.total if self.total else 0.0
