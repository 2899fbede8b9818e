"""A fully connected network with one skip connection."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.models.initialization import initialize

__all__ = ["SkipMLP"]


class SkipMLP(nn.Module):
    """Two ReLU layers whose sum is read out linearly: ``fc3(h1 + h2)`` with ``h2 = relu(fc2(h1))``.

    He and Su call it "ResNet"; it has no convolution. The outputs are raw, and inputs of any shape
    are flattened.

    Args:
        num_inputs: Numbers in one input.
        num_outputs: Numbers in one output.
        width: Units of each hidden layer.
        generator: Where the initial weights come from.

    Example:
        >>> model = SkipMLP(784, width=32, generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(3, 784)).shape
        torch.Size([3, 1])
    """

    def __init__(
        self,
        num_inputs: int,
        num_outputs: int = 1,
        *,
        width: int = 4_096,
        generator: torch.Generator,
    ) -> None:
        """Build and initialize the layers."""
        super().__init__()
        self.fc1 = nn.Linear(num_inputs, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, num_outputs)
        initialize(self, generator)

    def forward(self, inputs: Float[Tensor, "example ..."]) -> Float[Tensor, "example output"]:
        """Return the raw outputs."""
        first = nn.functional.relu(self.fc1(inputs.flatten(1)))
        second = nn.functional.relu(self.fc2(first))
        return self.fc3(first + second)
