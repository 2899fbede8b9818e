"""Measures of local elasticity, and the front door to them.

`measure_elasticity` makes one number of the responses of each source-probe pair and returns a
labelled result; `tangent_kernel` gives inner products of readout gradients; `stream_elasticity`
does both for what memory cannot hold. Formulas live here, the
computation of responses in the engine, and everything about stored results in results.
"""

from neurashed.elasticity.kernel import tangent_kernel
from neurashed.elasticity.measurement import measure_elasticity
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.planning import MeasurementPlan, plan_measurement
from neurashed.elasticity.streaming import (
    Streamed,
    class_table_of,
    stream_elasticity,
    top_probes_of,
)
from neurashed.elasticity.tile_plan import StreamPlan, plan_streaming
from neurashed.elasticity.tiling import Tiling

__all__ = [
    "MeasurementOptions",
    "MeasurementPlan",
    "StreamPlan",
    "Streamed",
    "Tiling",
    "class_table_of",
    "measure_elasticity",
    "plan_measurement",
    "plan_streaming",
    "stream_elasticity",
    "tangent_kernel",
    "top_probes_of",
]
