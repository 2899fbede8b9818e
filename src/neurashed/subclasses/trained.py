"""The protocol of the reference code: every row from the same trained weights."""

import xarray as xr

from neurashed.data import Examples
from neurashed.elasticity import MeasurementOptions, measure_elasticity
from neurashed.task import Task
from neurashed.typing import Measure

__all__ = ["similarity_of_trained"]


def similarity_of_trained(
    task: Task,
    primary: Examples,
    *,
    measure: Measure = "kernelized",
    memory: str | int | None = None,
    device: str = "auto",
    options: MeasurementOptions | None = None,
) -> xr.DataArray:
    """Measure how a step on each primary example moves the others, all from one set of weights.

    This is what the published *code* of He and Su does: train first, then put the trained weights
    back before the step on each example. Auxiliary examples take part in the training alone. Steps
    are in the limit of a small learning rate, where the code takes small steps and differences.

    Args:
        task: The trained network, with the loss it was trained with and the readout to watch.
        primary: The examples that share the coarse label.
        measure: ``"relative"``, ``"kernelized"``, or any other of `neurashed.measure_elasticity`.
        memory: Budget beside model and result, such as ``"2GB"``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        options: Precision, seed and progress.

    Returns:
        The result ``(source, probe)`` as `neurashed.measure_elasticity` gives it, not symmetrized.

    Example:
        >>> import torch
        >>> task = Task(torch.nn.Linear(3, 1), loss="mse")
        >>> primary = Examples(torch.eye(3), targets=torch.ones(3, 1))
        >>> similarity_of_trained(task, primary).values.tolist()
        [[2.0, 1.0, 1.0], [1.0, 2.0, 1.0], [1.0, 1.0, 2.0]]

    References:
        The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
        https://arxiv.org/abs/1910.06943
    """
    result = measure_elasticity(
        task, primary, measure=measure, step="first_order", memory=memory, device=device,
        options=options,
    )  # fmt: skip
    result.attrs["provenance"] = {**result.attrs["provenance"], "protocol": "trained"}
    return result
