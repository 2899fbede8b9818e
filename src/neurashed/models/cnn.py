"""A small convolutional network for small images."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.errors import InputError
from neurashed.models.initialization import initialize

__all__ = ["CNN"]

_KERNEL = 5
_POOL = 2


def _size_after_block(size: int) -> int:
    return (size - _KERNEL + 1) // _POOL


class CNN(nn.Module):
    """Two blocks of 5x5 convolution, ReLU and 2x2 max-pooling, then two linear layers.

    The outputs are raw: a sigmoid or softmax belongs to the loss and the readout of the task.

    Args:
        num_outputs: Numbers in one output.
        image_shape: Channels, rows and columns of an image.
        widths: Channels of the two convolutions and units of the hidden linear layer.
        generator: Where the initial weights come from.

    Example:
        >>> model = CNN(10, generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(3, 1, 28, 28)).shape
        torch.Size([3, 10])
    """

    def __init__(
        self,
        num_outputs: int = 1,
        *,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        widths: tuple[int, int, int] = (20, 50, 500),
        generator: torch.Generator,
    ) -> None:
        """Build and initialize the layers.

        Raises:
            InputError: If the images are smaller than 16x16.
        """
        super().__init__()
        num_channels, *sizes = image_shape
        rows, columns = (_size_after_block(_size_after_block(size)) for size in sizes)
        if min(rows, columns) < 1:
            message = f"images are {sizes[0]}x{sizes[1]}; this network needs at least 16x16"
            raise InputError(message)
        self.conv1 = nn.Conv2d(num_channels, widths[0], _KERNEL)
        self.conv2 = nn.Conv2d(widths[0], widths[1], _KERNEL)
        self.fc1 = nn.Linear(widths[1] * rows * columns, widths[2])
        self.fc2 = nn.Linear(widths[2], num_outputs)
        initialize(self, generator)

    def forward(
        self, inputs: Float[Tensor, "example channel row column"]
    ) -> Float[Tensor, "example output"]:
        """Return the raw outputs."""
        hidden = nn.functional.max_pool2d(nn.functional.relu(self.conv1(inputs)), _POOL)
        hidden = nn.functional.max_pool2d(nn.functional.relu(self.conv2(hidden)), _POOL)
        return self.fc2(nn.functional.relu(self.fc1(hidden.flatten(1))))
