"""Responses and inner products of gradients, exact and layer by layer.

The engine takes a task and batches of tensors and returns tensors: it finds out how the model uses
its parameters, plans the work within a memory budget, and computes it. It knows no names of
examples, no files and no printing.
"""

from neurashed.engine.batches import Batch, Inputs, take, to_device
from neurashed.engine.behavior import check_model, check_readout
from neurashed.engine.blocks import BlockPlan, RowBlocks, plan_blocks
from neurashed.engine.coverage import describe_coverage
from neurashed.engine.door import check_inputs, check_sides, check_targets
from neurashed.engine.exact import (
    ResponseTile,
    SharedProducts,
    StepPlan,
    iterate_own_responses,
    iterate_responses,
    num_response_tiles,
    plan_steps,
    read_before,
)
from neurashed.engine.first_order import (
    Side,
    Tile,
    iterate_tiles,
    multiply_rows,
    num_tiles,
    self_rows,
    self_tile,
)
from neurashed.engine.machine import MachineRate, measure_rate
from neurashed.engine.memory import parse_memory
from neurashed.engine.mirroring import copy_transposed, mirror
from neurashed.engine.plan import Plan, Workload, plan_products
from neurashed.engine.precision import full_precision
from neurashed.engine.resolution import Resolution, estimate_rounding
from neurashed.engine.sketch import Sketch
from neurashed.engine.sketch_error import SketchError, measure_sketch_error
from neurashed.engine.sketch_planning import plan_sketch
from neurashed.engine.sketched_plan import plan_sketched
from neurashed.engine.subject import Subject, Values, examine
from neurashed.engine.verification import verify_products, verify_responses

__all__ = [
    "Batch",
    "BlockPlan",
    "Inputs",
    "MachineRate",
    "Plan",
    "Resolution",
    "ResponseTile",
    "RowBlocks",
    "SharedProducts",
    "Side",
    "Sketch",
    "SketchError",
    "StepPlan",
    "Subject",
    "Tile",
    "Values",
    "Workload",
    "check_inputs",
    "check_model",
    "check_readout",
    "check_sides",
    "check_targets",
    "copy_transposed",
    "describe_coverage",
    "estimate_rounding",
    "examine",
    "full_precision",
    "iterate_own_responses",
    "iterate_responses",
    "iterate_tiles",
    "measure_rate",
    "measure_sketch_error",
    "mirror",
    "multiply_rows",
    "num_response_tiles",
    "num_tiles",
    "parse_memory",
    "plan_blocks",
    "plan_products",
    "plan_sketch",
    "plan_sketched",
    "plan_steps",
    "read_before",
    "self_rows",
    "self_tile",
    "take",
    "to_device",
    "verify_products",
    "verify_responses",
]
