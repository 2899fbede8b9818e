"""The plan of work on sketched rows, made from that of the same work on gradients."""

from dataclasses import replace
from math import ceil

from neurashed.engine.costs import LayerSize, route_costs
from neurashed.engine.machine import MachineRate
from neurashed.engine.plan import LayerPlan, Plan, Workload, fit_tile
from neurashed.engine.sketch import LayerSketch, Sketch
from neurashed.engine.subject import Subject

__all__ = ["plan_sketched"]


def plan_sketched(subject: Subject, sketch: Sketch, plan: Plan, rate: MachineRate) -> Plan:
    """Return the plan of the same work on sketched rows.

    Args:
        subject: The task.
        sketch: The sketch.
        plan: The plan of the work on gradients.
        rate: Rates of the machine, for the estimated times.

    Returns:
        A plan whose layers have the dimensions of the sketch, with as many examples in a tile as
        then fit.
    """
    work = plan.workload
    cotangents = sum(set(work.cotangents)) if not work.is_symmetric else work.cotangents[0]
    kept = sketch.dimension * cotangents * subject.dtype.itemsize
    tile = fit_tile(subject, work, kept, plan.memory)
    each = (1 + work.cotangents[0], 1 + work.cotangents[1])
    passes = (
        plan.pass_operations * _num_passed(work, tile, each) / _num_passed(work, plan.tile, each)
    )
    layers = tuple(
        _plan_layer(layer, short, work, _num_passed(work, tile), rate)
        for layer, short in zip(plan.layers, sketch.layers, strict=True)
    )
    seconds = passes / rate.operations + sum(layer.seconds for layer in layers)
    return replace(plan, layers=layers, tile=tile, pass_operations=passes, seconds=seconds)


def _num_passed(work: Workload, tile: int, each: tuple[int, int] = (1, 1)) -> float:
    """Passes of examples through the model, ``each`` saying what one of either side counts."""
    repeats = ceil(work.num_sources / tile)
    if work.is_symmetric:
        return each[0] * work.num_sources * (1 + repeats) / 2
    return each[0] * work.num_sources + each[1] * float(work.num_probes) * repeats


def _plan_layer(
    layer: LayerPlan, sketch: LayerSketch, work: Workload, num_passed: float, rate: MachineRate
) -> LayerPlan:
    pairs = float(work.num_sources) * work.num_probes
    if work.is_symmetric:
        pairs = (pairs + work.num_sources) / 2
    size = LayerSize(0, 0, 0, 1, sketch.dimension, 0, 0)
    options = {"cotangents": work.cotangents, "is_traced": work.is_traced}
    cost = route_costs(size, pairs, int(num_passed), **options)["gradients"]
    operations = cost.operations + num_passed * sketch.count_operations(max(work.cotangents))
    return replace(
        layer,
        num_parameters=sketch.dimension,
        positions=0,
        patches=0,
        route="gradients",
        operations=operations,
        bytes=cost.bytes,
        seconds=operations / rate.products + cost.bytes / rate.bytes,
    )
