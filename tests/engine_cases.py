"""Cases of the zoo made ready for the engine, and its tiles put back together."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import oracle
import torch
from torch import Tensor, nn
from zoo import Case, moved

from neurashed.engine.batches import Batch
from neurashed.engine.exact import (
    StepPlan,
    iterate_own_responses,
    iterate_responses,
    plan_steps,
    read_before,
)
from neurashed.engine.first_order import Side, iterate_tiles
from neurashed.engine.machine import MachineRate
from neurashed.engine.plan import Plan, Workload, plan_products
from neurashed.engine.subject import Subject, examine
from neurashed.task import SGD, Task

RATE = MachineRate(3e11, 1e10, 3e11)
PLENTY = 2 * 10**9
LR = 1e-2


@dataclass(frozen=True)
class Prepared:
    """A case on a device, as the engine and as the oracle take it.

    Attributes:
        subject: For the engine.
        model: The same model, for the oracle.
        loss: The oracle's loss.
        readout: The oracle's readout.
        sources: As many examples as the case wants.
        probes: Two more, none of them a source.
    """

    subject: Subject
    model: nn.Module
    loss: oracle.OfOutput
    readout: oracle.OfOutput
    sources: Batch
    probes: Batch

    @property
    def num_outputs(self) -> int:
        """Numbers in a readout."""
        return self.subject.readouts(None, *self.sources).shape[1]


def prepare(
    case: Case,
    device: torch.device,
    dtype: torch.dtype,
    *,
    readout: str | None = None,
    update: SGD | None = None,
) -> Prepared:
    """Build a case and draw its examples, always the same."""
    generator = torch.Generator().manual_seed(0)
    model = case.build(generator).to(device, dtype)
    drawn = (case.examples(generator, n) for n in (case.num_examples, case.num_examples + 2))
    sources, probes = ((moved(x, device, dtype), moved(y, device, dtype)) for x, y in drawn)
    name = readout or case.readouts[-1]
    task = Task(model, loss=case.loss, readout=name, update=update or SGD(LR))
    losses, readouts = oracle.LOSSES[case.loss], oracle.READOUTS[case.loss][name]
    return Prepared(examine(task, sources), model, losses, readouts, sources, probes)


def plan_kernel(
    subject: Subject,
    num_sources: int,
    num_probes: int | None,
    *,
    cotangents: tuple[int, int],
    is_traced: bool,
    by_layer: bool = False,
    memory: int = PLENTY,
) -> Plan:
    """Plan products; without probes, those of the sources with themselves."""
    probes = num_sources if num_probes is None else num_probes
    workload = Workload(
        num_sources, probes, num_probes is None, cotangents, is_traced, by_layer
    )  # fmt: skip
    return plan_products(subject, workload, memory=memory, rate=RATE)


def on_route(plan: Plan, route: str) -> Plan:
    """Send every layer that comes in factors on a route."""
    layers = (
        replace(layer, route=route if layer.positions else "gradients") for layer in plan.layers
    )
    return replace(plan, layers=tuple(layers))


def products(subject: Subject, sources: Side, probes: Side | None, plan: Plan) -> dict[str, Tensor]:
    """Put the tiles together, by layer; NaN stays where none is: (source, probe[, k, l])."""
    found: dict[str, Tensor] = {}
    num_probes = len(sources if probes is None else probes)
    for tile in iterate_tiles(subject, sources, probes, plan):
        for name, block in tile.blocks.items():
            values = block if plan.workload.is_traced else block.transpose(1, 2)
            empty = values.new_full((len(sources), num_probes, *values.shape[2:]), torch.nan)
            whole = found.setdefault(name, empty)
            whole[tile.sources, tile.probes] = values
            if tile.is_mirrored:
                flipped = values.T if values.ndim == 2 else values.permute(1, 0, 3, 2)
                whole[tile.probes, tile.sources] = flipped
    return found


def kernel(
    subject: Subject,
    sources: Batch,
    probes: Batch | None = None,
    *,
    is_traced: bool = True,
    memory: int = PLENTY,
    change: Callable[[Plan], Plan] = lambda plan: plan,
) -> Tensor:
    """Compute a tangent kernel, ``(source, probe)`` or ``(source, probe, output, output)``."""
    count = subject.readouts(None, *sources).shape[1]
    num_probes = None if probes is None else len(probes[1])
    plan = plan_kernel(
        subject, len(sources[1]), num_probes, cotangents=(count, count), is_traced=is_traced,
        memory=memory,
    )  # fmt: skip
    sides = Side(sources, subject.readouts), probes and Side(probes, subject.readouts)
    return products(subject, *sides, change(plan)).get("", torch.zeros(()))


def responses(
    subject: Subject,
    sources: Batch,
    probes: Batch,
    *,
    memory: int = PLENTY,
    change: Callable[[StepPlan], StepPlan] = lambda plan: plan,
) -> Tensor:
    """Take the steps and put the tiles together, ``(source, probe, output)``."""
    count = len(sources[1]), len(probes[1])
    plan = change(plan_steps(subject, *count, memory=memory, rate=RATE.operations))
    before = read_before(subject, probes, plan)
    found = before.new_full((*count, before.shape[1]), torch.nan)
    for tile in iterate_responses(subject, sources, probes, before, plan):
        found[tile.sources, tile.probes] = tile.responses
    return found


def own_responses(
    subject: Subject,
    sources: Batch,
    *,
    memory: int = PLENTY,
    change: Callable[[StepPlan], StepPlan] = lambda plan: plan,
) -> Tensor:
    """Take the steps and look at their sources only, ``(source, output)``."""
    count = len(sources[1])
    plan = change(plan_steps(subject, count, count, memory=memory, rate=RATE.operations))
    before = read_before(subject, sources, plan)
    found = torch.full_like(before, torch.nan)
    for rows, values in iterate_own_responses(subject, sources, before, plan):
        found[rows] = values
    return found
