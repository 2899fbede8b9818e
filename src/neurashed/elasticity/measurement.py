"""The front door: a task, sources, probes and a measure in; a labelled result out."""

from typing import Any

import numpy as np
import xarray as xr

from neurashed.data import Examples
from neurashed.elasticity.first_order import compute_responses
from neurashed.elasticity.measures import MEASURES, find_rule, task_for
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared, prepare
from neurashed.elasticity.products import (
    compute_cosine,
    compute_products,
    has_one_output,
    plan_gradients,
)
from neurashed.elasticity.provenance import describe_measurement
from neurashed.elasticity.sketching import sketch_gradients
from neurashed.elasticity.steps import compute_exact, plan_exact
from neurashed.engine import Sketch, full_precision
from neurashed.errors import InputError
from neurashed.results import label_elasticity
from neurashed.task import Task
from neurashed.typing import Measure, Step

__all__ = ["compute_measure", "measure_elasticity", "prepare_measure"]


def measure_elasticity(
    task: Task,
    sources: Examples,
    probes: Examples | None = None,
    *,
    measure: Measure = "relative",
    step: Step = "exact",
    memory: str | int | None = None,
    device: str = "auto",
    options: MeasurementOptions | None = None,
) -> xr.DataArray:
    """Measure how a step on each source moves the prediction on each probe.

    With Δ(s, p) the response of probe p to one step on source s:

    - ``relative``: ``‖Δ(s, p)‖ / ‖Δ(s, s)‖`` (He and Su), without units.
    - ``kernelized``: ``−Δ(s, p) / (η ∂L/∂r(s))``, for models with one output.
    - ``refined``: ``KL(p⁺‖p)`` at the probe over the same at the source (Dan et al.).
    - ``loss_change``: change of the probe's loss, signed.
    - ``cosine``: cosine of the two loss gradients; no step is taken.
    - ``tangent_kernel``: ``⟨∇r(s), ∇r(p)⟩`` summed over outputs; no step is taken.

    Args:
        task: Model, loss, readout and update rule.
        sources: Examples that are stepped on.
        probes: Examples that are watched; the sources themselves if None.
        measure: One of the six.
        step: ``"exact"`` takes the step, ``"first_order"`` its derivative in the learning rate.
            Measures that take no step ignore it.
        memory: Budget beside model and result, such as ``"2GB"``; a quarter of what is free if
            None. The answer does not depend on it.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``; the model itself is never moved.
        options: Precision, divergence, seed, progress and sketch.

    Returns:
        An array named after the measure with dims ``(source, probe)``, ids, labels and provenance.
        A ratio that is undefined, because the step does not move the source itself, is NaN; it is
        counted in ``provenance["undefined"]``. Ratios carry the size of each source's own response
        as the coordinate ``self_response``, in readout units (nats for ``refined``).

    Raises:
        InputError: If the model, the examples or a name cannot be used; nothing was computed.
        EngineMismatchError: If two pairs computed by plain autograd differ from the engine's.

    Example:
        >>> import torch, neurashed as ns
        >>> examples = ns.Examples(inputs=torch.eye(3), targets=torch.tensor([0.0, 1.0, 1.0]))
        >>> task = ns.Task(torch.nn.Linear(3, 1), loss="mse", readout="output", lr=1e-2)
        >>> result = ns.measure_elasticity(task, examples, measure="relative", step="first_order")
        >>> result.values.round(2).tolist()
        [[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]

    References:
        The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
        https://arxiv.org/abs/1910.06943
    """  # noqa: DOC502 (raised by what is called)
    options = options or MeasurementOptions()
    prepared = prepare_measure(
        task, sources, probes, measure, step, memory=memory, device=device, options=options
    )
    judged = sketch_gradients(prepared, measure, step, options)
    sketch = None if judged is None else judged.sketch
    with full_precision():
        values, own, found = compute_measure(prepared, measure, step, options, sketch)
    rule = MEASURES[measure]
    names = {"measure": measure, "step": step if rule.takes_step else None}
    if measure == "refined":
        names["divergence"] = options.divergence
    provenance = describe_measurement(
        prepared,
        values,
        names=names,
        method=found.pop("method"),
        options=options,
        sketch=None if judged is None else judged.to_dict(),
    )
    axis = sources.axis_labels()
    return label_elasticity(
        values,
        sources=axis,
        probes=axis if probes is None else probes.axis_labels(),
        name=measure,
        units=rule.units or prepared.subject.task.readout.units,
        provenance={**provenance, **found},
        source_coords=None if own is None else {"self_response": own},
    )


def prepare_measure(
    task: Task,
    sources: Examples,
    probes: Examples | None,
    measure: Measure,
    step: Step,
    *,
    memory: str | int | None,
    device: str,
    options: MeasurementOptions,
) -> Prepared:
    """Check everything that a measure needs and make the task ready.

    Args:
        task: The task.
        sources: The sources.
        probes: The probes, or None.
        measure: The measure.
        step: Whether the step is really taken.
        memory: Memory budget.
        device: Where to compute.
        options: Options.

    Returns:
        The measurement, ready for the engine.

    Raises:
        InputError: If the measure needs a model with one output and this one has several.
    """
    rule = find_rule(measure, step)
    watched = task_for(task, measure, step)
    reads_targets = watched.readout.needs_targets
    needs = (
        rule.takes_step or measure == "cosine" or reads_targets,
        measure == "cosine" or reads_targets,
    )
    prepared = prepare(
        watched, sources, probes, needs=needs, memory=memory, device=device, options=options
    )
    if measure == "kernelized" and not has_one_output(prepared):
        message = (
            "measure 'kernelized' divides by the slope of the loss in the model's only output, and "
            "this model has several; use 'relative', 'refined' or 'cosine', or tangent_kernel, "
            "which sums over outputs"
        )
        raise InputError(message)
    return prepared


def compute_measure(
    prepared: Prepared,
    measure: Measure,
    step: Step,
    options: MeasurementOptions,
    sketch: Sketch | None = None,
) -> tuple[np.ndarray, np.ndarray | None, dict[str, Any]]:
    """Compute a measure of a measurement that passed every check.

    Args:
        prepared: The measurement.
        measure: The measure.
        step: Whether the step is really taken.
        options: Options.
        sketch: What stands for the gradients of a step to first order, or None.

    Returns:
        The measure ``(source, probe)``; for a ratio what it was divided by, ``(source,)``; and
        ``method`` and what else belongs into the provenance.
    """
    if MEASURES[measure].takes_step and step == "exact":
        plan = plan_exact(prepared)
        values, own, resolution = compute_exact(prepared, plan, measure, options)
        return values, own, {"method": plan.to_dict(), "resolution": resolution}
    work = plan_gradients(prepared, measure, sketch=sketch)
    found: dict[str, Any] = {"method": work.plan.to_dict()}
    if measure == "tangent_kernel":
        return compute_products(prepared, work, options)[""], None, found
    if measure == "cosine":
        return compute_cosine(prepared, work, options), None, found
    return (*compute_responses(prepared, work, measure, options), found)
