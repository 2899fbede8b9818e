"""What a measurement would do and cost, without doing it."""

from dataclasses import dataclass
from typing import Any

from neurashed.data import Examples
from neurashed.elasticity.measurement import prepare_measure
from neurashed.elasticity.measures import MEASURES
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.products import plan_gradients
from neurashed.elasticity.sizes import describe_bytes
from neurashed.elasticity.sketching import sketch_gradients
from neurashed.elasticity.steps import plan_exact
from neurashed.engine import Plan, StepPlan, describe_coverage
from neurashed.task import Task
from neurashed.typing import Measure, Step

__all__ = ["MeasurementPlan", "plan_measurement"]


@dataclass(frozen=True)
class MeasurementPlan:
    """What a measurement would do and cost.

    Attributes:
        measure: The measure.
        step: ``"exact"`` or ``"first_order"``.
        coverage: Which parameters it covers.
        plan: The engine's plan.
        result_bytes: Size of the result.
    """

    measure: Measure
    step: Step
    coverage: dict[str, Any]
    plan: Plan | StepPlan
    result_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "measure": self.measure,
            "step": self.step,
            "coverage": self.coverage,
            "result_bytes": self.result_bytes,
            **self.plan.to_dict(),
        }

    def describe(self) -> str:
        """The plan as a table to read."""
        body = _products(self.plan) if isinstance(self.plan, Plan) else _steps(self.plan)
        head = [
            f"{self.measure}, {self.step}: {self.coverage['statement']}",
            f"result {describe_bytes(float(self.result_bytes))}, "
            f"memory budget {describe_bytes(float(self.plan.memory))}",
        ]
        return "\n".join([*head, *body])


def _products(plan: Plan) -> list[str]:
    rows = [("layer", "kind", "parameters", "positions", "route", "operations", "bytes", "seconds")]
    rows += [
        (
            layer.name, layer.kind, f"{layer.num_parameters:,}", str(layer.positions or "-"),
            layer.route, f"{layer.operations:.3g}", f"{layer.bytes:.3g}", f"{layer.seconds:.2g}",
        )
        for layer in plan.layers
    ]  # fmt: skip
    work = plan.workload
    shape = f"{work.num_sources:,} sources x {work.num_probes:,} probes"
    shape += ", half computed and mirrored" if work.is_symmetric else ""
    return [
        shape,
        *_align(rows),
        f"forward and backward passes: {plan.pass_operations:.3g} operations, "
        f"{plan.batch:,} examples at a time",
        f"factors of {plan.tile:,} examples held at a time",
        f"in all {plan.operations:.3g} operations, about {plan.seconds:.2g} s",
    ]


def _steps(plan: StepPlan) -> list[str]:
    return [
        f"{plan.num_sources:,} sources x {plan.num_probes:,} probes, a step on each source",
        f"applied by factors: {', '.join(plan.low_rank) or 'no layer'}",
        f"stepped parameters formed: {', '.join(plan.formed) or 'no layer'}",
        f"{plan.sources_at_a_time:,} steps and {plan.probes_at_a_time:,} probes at a time; "
        f"gradients of {plan.tile:,} sources held",
        f"in all {plan.operations:.3g} operations, about {plan.seconds:.2g} s",
    ]


def _align(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 or column == 4 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def plan_measurement(
    task: Task,
    sources: Examples,
    probes: Examples | None = None,
    *,
    measure: Measure = "relative",
    step: Step = "exact",
    memory: str | int | None = None,
    device: str = "auto",
    options: MeasurementOptions | None = None,
) -> MeasurementPlan:
    """Check a measurement and plan it, without computing it.

    Args:
        task: Model, loss, readout and update rule.
        sources: Examples that are stepped on.
        probes: Examples that are watched; the sources themselves if None.
        measure: The measure.
        step: ``"exact"`` or ``"first_order"``.
        memory: Memory budget.
        device: Where it would be computed.
        options: Options.

    Returns:
        The plan.

    Example:
        >>> import torch, neurashed as ns
        >>> from neurashed.elasticity import plan_measurement
        >>> examples = ns.Examples(inputs=torch.eye(3), targets=torch.zeros(3))
        >>> task = ns.Task(torch.nn.Linear(3, 1), loss="mse", readout="output", lr=1e-2)
        >>> plan_measurement(task, examples, measure="cosine").coverage["statement"]
        '4 of 4 parameters'
    """
    options = options or MeasurementOptions()
    prepared = prepare_measure(
        task, sources, probes, measure, step, memory=memory, device=device, options=options
    )
    is_exact = MEASURES[measure].takes_step and step == "exact"
    judged = sketch_gradients(prepared, measure, step, options)
    sketch = None if judged is None else judged.sketch
    plan = (
        plan_exact(prepared) if is_exact else plan_gradients(prepared, measure, sketch=sketch).plan
    )
    size = len(prepared.sources[1]) * len(prepared.probes[1]) * prepared.subject.dtype.itemsize
    coverage = describe_coverage(prepared.subject)
    return MeasurementPlan(measure, "exact" if is_exact else "first_order", coverage, plan, size)
