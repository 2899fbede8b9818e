"""The empirical tangent kernel, labelled."""

import numpy as np
import xarray as xr

from neurashed.data import Examples
from neurashed.elasticity.measurement import prepare_measure
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.products import compute_products, plan_gradients
from neurashed.elasticity.provenance import describe_measurement
from neurashed.elasticity.sketching import sketch_gradients
from neurashed.engine import full_precision
from neurashed.errors import InputError
from neurashed.results import label_elasticity
from neurashed.task import Task

__all__ = ["tangent_kernel"]


def tangent_kernel(
    task: Task,
    sources: Examples,
    probes: Examples | None = None,
    *,
    outputs: str = "trace",
    by_layer: bool = False,
    memory: str | int | None = None,
    device: str = "auto",
    options: MeasurementOptions | None = None,
) -> xr.DataArray:
    """Compute the empirical tangent kernel ``K(x, x') = J(x) J(x')ᵀ`` of the task's readout.

    Args:
        task: Model, readout and, where only some parameters count, an update that names them.
        sources: Examples along the rows.
        probes: Examples along the columns; the sources themselves if None.
        outputs: ``"trace"`` sums over equal outputs; ``"full"`` keeps every pair of outputs.
        by_layer: Whether to give each layer's part; the layers sum to the kernel.
        memory: Budget beside model and result, such as ``"2GB"``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        options: Precision, seed, progress and sketch.

    Returns:
        Dims ``(source, probe)``; with ``by_layer`` ``(layer, source, probe)``; in full
        ``(source, probe, source_output, output)`` after the layer. Units are readout² / weight².

    Raises:
        InputError: If the model, the examples or a name cannot be used; nothing was computed.

    Example:
        >>> import torch, neurashed as ns
        >>> examples = ns.Examples(inputs=torch.eye(3), targets=torch.zeros(3))
        >>> task = ns.Task(torch.nn.Linear(3, 1), loss="mse", readout="output")
        >>> ns.tangent_kernel(task, examples).values.tolist()
        [[2.0, 1.0, 1.0], [1.0, 2.0, 1.0], [1.0, 1.0, 2.0]]

    References:
        Neural Tangent Kernel: Convergence and Generalization in Neural Networks
        (Arthur Jacot, Franck Gabriel and Clément Hongler, 2018), https://arxiv.org/abs/1806.07572
    """
    if outputs not in {"trace", "full"}:
        message = f"outputs is {outputs!r}; use 'trace' or 'full'"
        raise InputError(message)
    options = options or MeasurementOptions()
    prepared = prepare_measure(
        task, sources, probes, "tangent_kernel", "first_order",
        memory=memory, device=device, options=options,
    )  # fmt: skip
    judged = sketch_gradients(prepared, "tangent_kernel", "first_order", options, outputs=outputs)
    sketch = None if judged is None else judged.sketch
    work = plan_gradients(
        prepared, "tangent_kernel", outputs=outputs, by_layer=by_layer, sketch=sketch
    )
    with full_precision():
        products = compute_products(prepared, work, options)
    values = np.stack(list(products.values())) if by_layer else products[""]
    dims: dict[str, np.ndarray | None] = {}
    if by_layer:
        dims["layer"] = np.array(list(products))
    if outputs == "full":
        values = np.moveaxis(values, -3, -2)
        dims |= {"source_output": None, "output": None}
    provenance = describe_measurement(
        prepared,
        values,
        names={"measure": "tangent_kernel", "step": None, "outputs": outputs},
        method=work.plan.to_dict(),
        options=options,
        sketch=None if judged is None else judged.to_dict(),
    )
    axis = sources.axis_labels()
    return label_elasticity(
        np.ascontiguousarray(values),
        sources=axis,
        probes=axis if probes is None else probes.axis_labels(),
        name="tangent_kernel",
        units="readout² / weight²",
        provenance=provenance,
        extra_dims=dims,
    )
