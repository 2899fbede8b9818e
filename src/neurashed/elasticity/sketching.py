"""Inner products of gradients estimated from random projections, and how far off they are."""

from dataclasses import asdict, dataclass
from typing import Any

from neurashed.elasticity.measures import MEASURES
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.elasticity.products import plan_gradients
from neurashed.engine import (
    Sketch,
    SketchError,
    full_precision,
    measure_sketch_error,
    plan_sketch,
)
from neurashed.errors import InputError
from neurashed.typing import Measure, Step

__all__ = ["JudgedSketch", "sketch_gradients"]


@dataclass(frozen=True)
class JudgedSketch:
    """A sketch, and its error on a sample of pairs.

    Attributes:
        sketch: The sketch.
        error: The error of its inner products against exact ones.
        requested: The dimension or the error that was asked for.
    """

    sketch: Sketch
    error: SketchError
    requested: int | float

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        name = "dimension" if isinstance(self.requested, int) else "error"
        return {
            "requested": {name: self.requested},
            **self.sketch.to_dict(),
            "measured_error": asdict(self.error),
        }


def sketch_gradients(
    prepared: Prepared,
    measure: Measure,
    step: Step,
    options: MeasurementOptions,
    *,
    outputs: str = "trace",
) -> JudgedSketch | None:
    """Choose the sketch that the options ask for and compare it with exact products.

    Args:
        prepared: The measurement.
        measure: The measure.
        step: Whether the step is really taken.
        options: Dimension or error, and seed.
        outputs: For the tangent kernel, ``"trace"`` or ``"full"``.

    Returns:
        The sketch, or None if none is asked for.

    Raises:
        InputError: If the measure takes a step exactly, which has no inner products.
    """
    if options.sketch is None:
        return None
    if MEASURES[measure].takes_step and step == "exact":
        message = (
            f"sketch is {options.sketch} and step is 'exact': a sketch estimates inner products of "
            "gradients, and an exact step has none; give step='first_order' or no sketch"
        )
        raise InputError(message)
    subject = prepared.subject
    work = plan_gradients(prepared, measure, outputs=outputs)
    sides = (work.sources, work.probes)
    with full_precision():
        sketch = plan_sketch(
            subject, sides, work.plan,
            dimension=options.sketch_dimension, error=options.sketch_error, seed=options.seed,
        )  # fmt: skip
        error = measure_sketch_error(subject, sketch, sides, work.plan, seed=options.seed)
    return JudgedSketch(sketch, error, options.sketch)
