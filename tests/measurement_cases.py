"""Cases of the zoo made ready for the front door, and what the oracle expects of each measure."""

from dataclasses import dataclass

import numpy as np
import oracle
import torch
from torch import Tensor, nn
from zoo import Case

from neurashed.data import Examples
from neurashed.task import Task

LR = 1e-2
FIRST_PROBE_ID = 100


@dataclass(frozen=True)
class Measured:
    """A case as the front door and as the oracle take it, in float64.

    Attributes:
        task: For the front door.
        model: The same model, for the oracle.
        loss: The oracle's loss.
        readout: The oracle's readout.
        sources: As many examples as the case wants.
        probes: Two more, none of them a source.
    """

    task: Task
    model: nn.Module
    loss: oracle.OfOutput
    readout: oracle.OfOutput
    sources: Examples
    probes: Examples

    @property
    def lr(self) -> float:
        """The learning rate."""
        return 0.0 if self.task.update is None else self.task.update.lr

    def sides(self, probes: Examples | None) -> tuple[oracle.Inputs, Tensor, oracle.Inputs, Tensor]:
        """Inputs and targets of the sources and of the probes, or of the sources again."""
        others = self.sources if probes is None else probes
        return *batch(self.sources), *batch(others)

    def responses(self, step: str, probes: Examples | None, readout: oracle.OfOutput) -> Tensor:
        """Responses ``(source, probe, output)`` of a readout, by the oracle."""
        take_step = oracle.responses if step == "exact" else oracle.first_order_responses
        return take_step(self.model, self.loss, readout, *self.sides(probes), self.lr)

    def own(self, values: Tensor) -> Tensor:
        """What a measure of the sources with themselves gives each source with itself."""
        return values.diagonal().clone()


def batch(examples: Examples) -> tuple[oracle.Inputs, Tensor]:
    """Inputs and targets of examples that have both."""
    return examples.inputs, examples.require_targets("the oracle")


def measured(case: Case, readout: str | None = None, *, lr: float = LR) -> Measured:
    """Build a case and draw its examples, always the same."""
    generator = torch.Generator().manual_seed(0)
    model = case.build(generator)
    sources = Examples(*case.examples(generator))
    count = case.num_examples + 2
    ids = np.arange(FIRST_PROBE_ID, FIRST_PROBE_ID + count)
    probes = Examples(*case.examples(generator, count), ids=ids)
    name = readout or case.readouts[-1]
    task = Task(model, loss=case.loss, readout=name, lr=lr)
    functions = oracle.LOSSES[case.loss], oracle.READOUTS[case.loss][name]
    return Measured(task, model, *functions, sources, probes)
