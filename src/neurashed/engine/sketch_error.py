"""How far sketched inner products are from exact ones, on a sample of pairs."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neurashed.engine.first_order import Side, iterate_tiles, record_rows, self_tile
from neurashed.engine.plan import Plan
from neurashed.engine.sketch import Sketch
from neurashed.engine.sketch_projection import stack_gradients
from neurashed.engine.sketch_sample import draw_sample
from neurashed.engine.subject import Subject
from neurashed.engine.verification import verify_products

__all__ = ["SketchError", "measure_sketch_error"]


@dataclass(frozen=True)
class SketchError:
    """Errors of inner products, relative to the norms of the two gradients.

    Attributes:
        rms: Root of the mean square over pairs of a source and a probe.
        largest: The largest of those pairs.
        own_rms: Root of the mean square over examples, each with itself.
        num_pairs: Pairs compared; pairs with a gradient of zero are left out.
        num_examples: Examples compared with themselves.
    """

    rms: float
    largest: float
    own_rms: float
    num_pairs: int
    num_examples: int


def measure_sketch_error(
    subject: Subject,
    sketch: Sketch,
    sides: tuple[Side, Side | None],
    plan: Plan,
    *,
    seed: int,
) -> SketchError:
    """Compute some inner products both ways and compare them.

    The exact ones are compared with plain autograd on two pairs.

    Args:
        subject: The task.
        sketch: The sketch.
        sides: The sources, and the probes or None if they are the sources.
        plan: How the exact products would be computed.
        seed: Chooses the pairs.

    Returns:
        The errors.

    Raises:
        EngineMismatchError: If an exact product differs from plain autograd's.
    """  # noqa: DOC502 (raised by what is called)
    sources, probes = (
        replace(side, sketch=None) for side in draw_sample(sides, seed, "sketch error")
    )
    plan = replace(plan, workload=replace(plan.workload, is_symmetric=False, by_layer=False))
    exact = _multiply_exactly(subject, sources, probes, plan)
    of_first = exact[0] if plan.workload.is_traced else exact[0].transpose(0, 1)
    verify_products(subject, (sources, probes), 0, dict(enumerate(of_first[:2])), plan)
    short = [_sketch_all(subject, side, sketch, plan) for side in (sources, probes)]
    squares = [_squared_norms(subject, side, plan) for side in (sources, probes)]
    return _compare(exact, short, squares)


def _multiply_exactly(subject: Subject, sources: Side, probes: Side, plan: Plan) -> Tensor:
    """Inner products ``(source, probe)`` if traced, else ``(source, k, probe, l)``."""
    columns: dict[int, list[Tensor]] = {}
    for tile in iterate_tiles(subject, sources, probes, plan):
        columns.setdefault(tile.sources.start, []).append(tile.blocks[""])
    probe_axis = 1 if plan.workload.is_traced else 2
    return torch.cat([torch.cat(blocks, probe_axis) for blocks in columns.values()])


def _sketch_all(subject: Subject, side: Side, sketch: Sketch, plan: Plan) -> Tensor:
    """Sketches of all layers side by side; the cotangents too where products sum over them."""
    everything = slice(0, len(side))
    rows = record_rows(subject, replace(side, sketch=sketch), everything, plan.batch)
    joined = torch.cat([stack_gradients(row) for row in rows.values()], 2)
    return joined.flatten(1).unsqueeze(1) if plan.workload.is_traced else joined


def _squared_norms(subject: Subject, side: Side, plan: Plan) -> Tensor:
    """Squared norms of gradients, ``(example, cotangent)``; one of all together if traced."""
    squares = self_tile(subject, side, side.values, plan).diagonal(dim1=1, dim2=2)
    return squares.sum(1, keepdim=True) if plan.workload.is_traced else squares


def _compare(exact: Tensor, short: list[Tensor], squares: list[Tensor]) -> SketchError:
    sources, probes = short
    found = torch.einsum("skw,plw->skpl", sources, probes)
    norms = [square.sqrt() for square in squares]
    sizes = torch.einsum("sk,pl->skpl", *norms)
    errors = ((found - exact.reshape(found.shape)) / sizes)[sizes > 0].double()
    own, true = (
        torch.cat([value.flatten() for value in values])
        for values in ([one.square().sum(2) for one in short], squares)
    )
    own_errors = (own / true - 1)[true > 0].double()
    if not len(errors):
        return SketchError(0.0, 0.0, 0.0, 0, 0)
    return SketchError(
        float(errors.square().mean().sqrt()),
        float(errors.abs().max()),
        float(own_errors.square().mean().sqrt()),
        len(errors),
        len(own_errors),
    )
