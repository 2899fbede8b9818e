"""What a result says about where it comes from."""

from functools import cache
from typing import Any

import numpy as np
import torch

from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.engine import describe_coverage
from neurashed.results import collect_provenance

__all__ = ["describe_measurement"]


@cache
def _environment(day: str) -> dict[str, Any]:  # noqa: ARG001
    """Versions, machine and commit, looked up once in a process and day."""
    return collect_provenance()


def describe_measurement(
    prepared: Prepared,
    values: np.ndarray,
    *,
    names: dict[str, Any],
    method: dict[str, Any],
    options: MeasurementOptions,
    sketch: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe a finished measurement.

    Args:
        prepared: What was measured.
        values: The result; its undefined values are counted.
        names: Measure, step, and what else the caller adds.
        method: How it was computed.
        options: The options.
        sketch: What is known of the sketch of gradients, or None without one.

    Returns:
        A JSON-able dict.
    """
    task = prepared.subject.task
    # One quick product says whether there is anything to count.
    has_undefined = bool(np.isnan(np.vdot(values, values)))
    undefined = int(np.count_nonzero(np.isnan(values))) if has_undefined else 0
    update = None
    if task.update is not None:
        update = {"rule": "SGD", "lr": task.update.lr, "parameters": list(task.update.patterns)}
    return {
        **names,
        "loss": task.loss.name,
        "readout": task.readout.name,
        "update": update,
        "dtype": str(prepared.subject.dtype).removeprefix("torch."),
        "device": _name_device(prepared.subject.device),
        "exact": sketch is None,
        **({} if sketch is None else {"sketch": sketch}),
        "coverage": describe_coverage(prepared.subject),
        "undefined": {"count": undefined, "fraction": undefined / max(values.size, 1)},
        "method": method,
        "memory": prepared.memory,
        "seed": options.seed,
        "data": prepared.data,
        **_environment(np.datetime64("today").item().isoformat()),
        "created": np.datetime64("now").item().isoformat() + "+00:00",
    }


def _name_device(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)
