"""ResNet-18 for 32x32 images."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from neurashed.errors import InputError
from neurashed.models.initialization import initialize

__all__ = ["ResNet18"]

_NUM_GROUPS = 32


def _group_norm(num_channels: int) -> nn.Module:
    return nn.GroupNorm(math.gcd(_NUM_GROUPS, num_channels), num_channels)


_NORMS = {"group": _group_norm, "batch": nn.BatchNorm2d}


class _Block(nn.Module):
    """Two 3x3 convolutions beside a skip connection, 1x1 where the shape changes."""

    def __init__(self, num_inputs: int, num_outputs: int, stride: int, norm: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(num_inputs, num_outputs, 3, stride, padding=1, bias=False)
        self.norm1 = _NORMS[norm](num_outputs)
        self.conv2 = nn.Conv2d(num_outputs, num_outputs, 3, padding=1, bias=False)
        self.norm2 = _NORMS[norm](num_outputs)
        self.skip = nn.Identity()
        if stride != 1 or num_inputs != num_outputs:
            self.skip = nn.Sequential(
                nn.Conv2d(num_inputs, num_outputs, 1, stride, bias=False), _NORMS[norm](num_outputs)
            )

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = nn.functional.relu(self.norm1(self.conv1(inputs)))
        return nn.functional.relu(self.norm2(self.conv2(hidden)) + self.skip(inputs))


def _stage(num_inputs: int, num_outputs: int, stride: int, norm: str) -> nn.Sequential:
    first = _Block(num_inputs, num_outputs, stride, norm)
    return nn.Sequential(first, _Block(num_outputs, num_outputs, 1, norm))


class ResNet18(nn.Module):
    """ResNet-18 with a 3x3 first convolution and no max-pooling, as is usual for 32x32 images.

    With ``norm="batch"`` examples of a batch mix in training mode: measure it after ``eval()``.
    The outputs are raw logits.

    Args:
        num_outputs: Numbers in one output.
        num_channels: Channels of an image.
        width: Channels of the first stage; the last has eight times as many.
        norm: ``"group"`` (32 groups, or as many as divide the channels) or ``"batch"``.
        generator: Where the initial weights come from.

    Example:
        >>> model = ResNet18(10, width=8, generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    References:
        Deep Residual Learning for Image Recognition (Kaiming He, Xiangyu Zhang, Shaoqing Ren and
        Jian Sun, 2016), https://arxiv.org/abs/1512.03385
    """

    def __init__(
        self,
        num_outputs: int = 10,
        *,
        num_channels: int = 3,
        width: int = 64,
        norm: str = "group",
        generator: torch.Generator,
    ) -> None:
        """Build and initialize the layers.

        Raises:
            InputError: If the norm is unknown.
        """
        super().__init__()
        if norm not in _NORMS:
            message = f"unknown norm {norm!r}; use one of {', '.join(_NORMS)}"
            raise InputError(message)
        self.conv1 = nn.Conv2d(num_channels, width, 3, padding=1, bias=False)
        self.norm1 = _NORMS[norm](width)
        self.stage1 = _stage(width, width, 1, norm)
        self.stage2 = _stage(width, 2 * width, 2, norm)
        self.stage3 = _stage(2 * width, 4 * width, 2, norm)
        self.stage4 = _stage(4 * width, 8 * width, 2, norm)
        self.fc = nn.Linear(8 * width, num_outputs)
        initialize(self, generator)

    def forward(
        self, inputs: Float[Tensor, "example channel row column"]
    ) -> Float[Tensor, "example output"]:
        """Return the raw outputs."""
        hidden = nn.functional.relu(self.norm1(self.conv1(inputs)))
        hidden = self.stage4(self.stage3(self.stage2(self.stage1(hidden))))
        return self.fc(hidden.mean((2, 3)))
