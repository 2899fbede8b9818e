"""Fully connected networks of any depth, with or without an activation."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.errors import InputError
from neurashed.models.initialization import initialize

__all__ = [
    "MLP",
    "three_layer_linear",
    "three_layer_relu",
    "two_layer_linear",
    "two_layer_relu",
]

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "identity": nn.Identity,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "softplus": nn.Softplus,
}


class MLP(nn.Module):
    """Linear layers ``fc1``, ``fc2``, ... with one activation between them.

    The outputs are raw: with a binary cross-entropy they are logits, and the sigmoid belongs to
    the loss and the readout of the task. Inputs of any shape are flattened.

    Args:
        num_inputs: Numbers in one input, such as 784 for a 28x28 image.
        widths: Units of each hidden layer; empty for a single linear layer.
        num_outputs: Numbers in one output.
        activation: ``"relu"``, ``"identity"`` (the linear network), ``"tanh"``, ``"sigmoid"``,
            ``"gelu"`` or ``"softplus"``.
        bias: Whether the layers have biases.
        generator: Where the initial weights come from.

    Example:
        >>> model = MLP(784, [512, 512], 10, generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(3, 1, 28, 28)).shape
        torch.Size([3, 10])
    """

    def __init__(
        self,
        num_inputs: int,
        widths: Sequence[int],
        num_outputs: int = 1,
        *,
        activation: str = "relu",
        bias: bool = True,
        generator: torch.Generator,
    ) -> None:
        """Build and initialize the layers.

        Raises:
            InputError: If the activation is unknown or a size is not positive.
        """
        super().__init__()
        if activation not in _ACTIVATIONS:
            message = f"unknown activation {activation!r}; use one of {', '.join(_ACTIVATIONS)}"
            raise InputError(message)
        sizes = [num_inputs, *widths, num_outputs]
        if min(sizes) < 1:
            message = f"the layers have sizes {sizes}; give sizes of at least 1"
            raise InputError(message)
        for number, (size, next_size) in enumerate(pairwise(sizes), start=1):
            if number > 1:
                self.add_module(f"activation{number - 1}", _ACTIVATIONS[activation]())
            self.add_module(f"fc{number}", nn.Linear(size, next_size, bias=bias))
        initialize(self, generator)

    def forward(self, inputs: Float[Tensor, "example ..."]) -> Float[Tensor, "example output"]:
        """Return the raw outputs."""
        hidden = inputs.flatten(1)
        for layer in self.children():
            hidden = layer(hidden)
        return hidden


def two_layer_relu(
    num_inputs: int, num_outputs: int = 1, *, width: int = 40_960, generator: torch.Generator
) -> MLP:
    """Build the two-layer ReLU network of He and Su; its outputs are raw.

    Args:
        num_inputs: Numbers in one input.
        num_outputs: Numbers in one output.
        width: Hidden units, 40,960 in the paper.
        generator: Where the initial weights come from.

    Returns:
        The network.

    References:
        The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
        https://arxiv.org/abs/1910.06943
    """
    return MLP(num_inputs, [width], num_outputs, generator=generator)


def two_layer_linear(
    num_inputs: int, num_outputs: int = 1, *, width: int = 40_960, generator: torch.Generator
) -> MLP:
    """Build the two-layer network without activation, against which the ReLU one is compared.

    Args:
        num_inputs: Numbers in one input.
        num_outputs: Numbers in one output.
        width: Hidden units, 40,960 in the paper.
        generator: Where the initial weights come from.

    Returns:
        The network.
    """
    return MLP(num_inputs, [width], num_outputs, activation="identity", generator=generator)


def three_layer_relu(
    num_inputs: int, num_outputs: int = 1, *, width: int = 8_192, generator: torch.Generator
) -> MLP:
    """Build the three-layer ReLU network of He and Su; its outputs are raw.

    Args:
        num_inputs: Numbers in one input.
        num_outputs: Numbers in one output.
        width: Units of each of the two hidden layers, 8,192 in the paper.
        generator: Where the initial weights come from.

    Returns:
        The network.
    """
    return MLP(num_inputs, [width, width], num_outputs, generator=generator)


def three_layer_linear(
    num_inputs: int, num_outputs: int = 1, *, width: int = 8_192, generator: torch.Generator
) -> MLP:
    """Build the three-layer network without activation.

    Args:
        num_inputs: Numbers in one input.
        num_outputs: Numbers in one output.
        width: Units of each of the two hidden layers, 8,192 in the paper.
        generator: Where the initial weights come from.

    Returns:
        The network.
    """
    return MLP(num_inputs, [width, width], num_outputs, activation="identity", generator=generator)
