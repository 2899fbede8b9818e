"""VGG-19, with the parameter names under which its trained weights are found everywhere."""

from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.errors import InputError
from neurashed.models.initialization import initialize

__all__ = ["VGG19"]

# Each stage is 3x3 convolutions and a 2x2 max-pooling: channels in units of the first stage's, and
# how many convolutions.
_STAGES = ((1, 2), (2, 2), (4, 4), (8, 4), (8, 4))
_SMALLEST_IMAGE = 2 ** len(_STAGES)
_POOLED = 7


class VGG19(nn.Module):
    """Sixteen 3x3 convolutions in five stages, then three linear layers; the outputs are logits.

    Parameters are named ``features.0.weight`` to ``classifier.6.bias``, as in the weights that
    torchvision publishes. The two dropouts do nothing after ``eval()``, which a measurement needs.
    Images of any size from 32x32 are taken; 224x224 is what the published weights were trained on.

    Args:
        num_outputs: Numbers in one output, 1,000 in the paper.
        num_channels: Channels of an image.
        width: Channels of the first stage, 64 in the paper; the last two have eight times as many,
            and the hidden linear layers 64 times.
        generator: Where the initial weights come from.

    Example:
        >>> model = VGG19(10, width=2, generator=torch.Generator().manual_seed(0)).eval()
        >>> model(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    References:
        Very Deep Convolutional Networks for Large-Scale Image Recognition (Karen Simonyan and
        Andrew Zisserman, 2015), https://arxiv.org/abs/1409.1556
    """

    def __init__(
        self,
        num_outputs: int = 1_000,
        *,
        num_channels: int = 3,
        width: int = 64,
        generator: torch.Generator,
    ) -> None:
        """Build and initialize the layers."""
        super().__init__()
        sizes = [num_channels, *(width * times for times, _ in _STAGES)]
        stages = (
            _stage(num_inputs, num_outputs, num_convolutions)
            for num_inputs, num_outputs, (_, num_convolutions) in zip(
                sizes, sizes[1:], _STAGES, strict=False
            )
        )
        # One flat sequence: the numbers in the parameters' names count ReLU and pooling too.
        self.features = nn.Sequential(*chain.from_iterable(stages))
        self.avgpool = nn.AdaptiveAvgPool2d(_POOLED)
        hidden = 64 * width
        self.classifier = nn.Sequential(
            nn.Linear(sizes[-1] * _POOLED**2, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, num_outputs),
        )
        initialize(self, generator)

    def forward(
        self, inputs: Float[Tensor, "example channel row column"]
    ) -> Float[Tensor, "example output"]:
        """Return the raw outputs.

        Raises:
            InputError: If the images are smaller than 32x32: five poolings would leave nothing.
        """
        rows, columns = inputs.shape[2:]
        if min(rows, columns) < _SMALLEST_IMAGE:
            message = (
                f"images are {rows}x{columns}; this network needs at least "
                f"{_SMALLEST_IMAGE}x{_SMALLEST_IMAGE}"
            )
            raise InputError(message)
        return self.classifier(self.avgpool(self.features(inputs)).flatten(1))


def _stage(num_inputs: int, num_outputs: int, num_convolutions: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for size in [num_inputs, *[num_outputs] * (num_convolutions - 1)]:
        layers += [nn.Conv2d(size, num_outputs, 3, padding=1), nn.ReLU()]
    return [*layers, nn.MaxPool2d(2)]
