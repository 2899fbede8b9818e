"""A task made ready to be measured: its parameters sorted into layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from neurashed.engine.batches import Batch, Inputs, take
from neurashed.engine.bfloat16_products import has_bfloat16_products
from neurashed.engine.discovery import Discovery, discover
from neurashed.engine.layers import Layer, sort_into_layers
from neurashed.task import ParameterSelection, Task

__all__ = ["Subject", "Values", "examine"]

Values = Callable[[Mapping[str, Tensor] | None, Inputs, Tensor], Tensor]


@dataclass(frozen=True)
class Subject:
    """A task, the parameters that its update touches, and how the model uses them.

    Attributes:
        task: The task, its model on the device that computes.
        selection: The parameters that are measured and those left out.
        discovery: How the model uses the measured parameters.
        layers: The measured parameters, sorted.
        is_split: Whether products of gradients are sums of products of bfloat16 parts.
    """

    task: Task
    selection: ParameterSelection
    discovery: Discovery
    layers: tuple[Layer, ...]
    is_split: bool = False

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """The measured parameters by name."""
        return self.selection.chosen

    @property
    def dtype(self) -> torch.dtype:
        """The type that the measured parameters have."""
        return next(iter(self.parameters.values())).dtype

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(iter(self.parameters.values())).device

    def readouts(
        self,
        parameters: Mapping[str, Tensor] | None,
        inputs: Inputs,
        targets: Tensor,
    ) -> Tensor:
        """The readout ``(example, output)``, with some parameters replaced."""
        return self.task.read(self.task.predict(inputs, parameters), targets)

    def losses(
        self,
        parameters: Mapping[str, Tensor] | None,
        inputs: Inputs,
        targets: Tensor,
    ) -> Tensor:
        """The loss as one column, ``(example, 1)``."""
        return self.task.losses(self.task.predict(inputs, parameters), targets).unsqueeze(1)

    def outputs(
        self,
        parameters: Mapping[str, Tensor] | None,
        inputs: Inputs,
        targets: Tensor,  # noqa: ARG002
    ) -> Tensor:
        """The model's output itself, ``(example, output)``."""
        output = self.task.predict(inputs, parameters)
        return output.reshape(output.shape[0], -1)


def examine(task: Task, batch: Batch, *, matmul_precision: str = "highest") -> Subject:
    """Find out how a task's model uses its parameters.

    Args:
        task: The task.
        batch: Inputs and targets of at least one example, on the model's device.
        matmul_precision: ``"high"`` to split products of float32 gradients where the device
            multiplies bfloat16 matrices in float32.

    Returns:
        The task with what was found.
    """
    selection = task.select_parameters()
    index = torch.arange(3) % len(batch[1])
    device = batch[1].device
    small, _ = take(batch, index[:2].to(device))
    large, _ = take(batch, index.to(device))
    discovery = discover(task.predict, small, large, selection.chosen)
    layers = sort_into_layers(discovery, selection.chosen)
    subject = Subject(task, selection, discovery, layers)
    is_split = matmul_precision == "high" and has_bfloat16_products(device)
    return replace(subject, is_split=is_split and subject.dtype == torch.float32)
