"""The networks as torch modules, and their weights from NumPy."""

from collections import OrderedDict
from math import prod, sqrt

import numpy as np
from torch import Tensor, nn
from workloads import INPUT_SHAPES, NETWORKS, Layer

__all__ = ["RESNETS", "build_network", "draw_weights"]

# Widths of the stages, and blocks in each.
RESNETS = {"resnet8": ((32, 64, 128), 1), "resnet18": ((64, 128, 256, 512), 2)}


class ResidualBlock(nn.Module):
    """Two convolutions with BatchNorm and a shortcut."""

    def __init__(self, num_inputs: int, num_outputs: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(num_inputs, num_outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(num_outputs),
            nn.ReLU(),
            nn.Conv2d(num_outputs, num_outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(num_outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(num_inputs, num_outputs, 1, stride, bias=False),
                nn.BatchNorm2d(num_outputs),
            )
        self.activation = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """Path plus shortcut."""
        return self.activation(self.path(inputs) + self.shortcut(inputs))


def _resnet(widths: tuple[int, ...], num_blocks: int, num_outputs: int) -> nn.Sequential:
    """A stage of blocks for each width; each stage but the first halves the image."""
    stages: list[nn.Module] = []
    num_inputs = widths[0]
    for stage, width in enumerate(widths):
        for block in range(num_blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            stages.append(ResidualBlock(num_inputs, width, stride))
            num_inputs = width
    first = (nn.Conv2d(3, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]))
    last = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(num_inputs, num_outputs))
    return nn.Sequential(*first, nn.ReLU(), *stages, *last)


def _module(layer: Layer, shape: tuple[int, ...]) -> tuple[nn.Module, tuple[int, ...]]:
    """The module of a layer that sees inputs of a shape, and the shape of its outputs."""
    match layer:
        case ("linear", width):
            return nn.Linear(shape[0], width), (width,)
        case ("conv", channels, kernel, padding):
            side = shape[1] + 2 * padding - kernel + 1
            module = nn.Conv2d(shape[0], channels, kernel, padding=padding)
            return module, (channels, side, side)
        case ("pool",):
            return nn.MaxPool2d(2), (shape[0], shape[1] // 2, shape[2] // 2)
        case ("flatten",):
            return nn.Flatten(), (prod(shape),)
        case _:
            return nn.ReLU(), shape


def build_network(name: str, num_outputs: int) -> nn.Sequential:
    """The network of a workload."""
    if name in RESNETS:
        return _resnet(*RESNETS[name], num_outputs)
    shape = INPUT_SHAPES[name]
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for place, layer in enumerate((*NETWORKS[name], ("linear", num_outputs))):
        modules[str(place)], shape = _module(layer, shape)
    return nn.Sequential(modules)


def _draw(name: str, values: Tensor, generator: np.random.Generator) -> np.ndarray:
    """He-normal kernels, small biases, and norms that are neither centred nor of unit scale."""
    noise = generator.standard_normal(tuple(values.shape), dtype=np.float32)
    if values.ndim > 1:
        return noise * np.float32(sqrt(2 / prod(values.shape[1:])))
    if name.endswith("running_var"):
        return 1 + 0.5 * np.tanh(noise)
    return 0.1 * noise + np.float32(name.endswith("weight"))


def draw_weights(model: nn.Module) -> dict[str, np.ndarray]:
    """Weights and running statistics from one seed; counters of batches are kept."""
    generator = np.random.default_rng(0)
    return {
        name: _draw(name, values, generator) if values.is_floating_point() else values.numpy()
        for name, values in model.state_dict().items()
    }
