"""Networks of the cost model: sizes of their layers, without weights."""

from dataclasses import dataclass
from itertools import pairwise

__all__ = ["CostLayer", "CostNetwork", "lora_network", "mlp", "resnet50"]


@dataclass(frozen=True)
class CostLayer:
    """A layer whose gradients are wanted, as a product at each of its positions.

    Attributes:
        inputs: I, numbers that enter a position: channels × kernel area for a convolution.
        outputs: O, numbers that leave it.
        positions: T, positions in one example.
        input_numbers: Numbers of the layer's input in one example, without overlap of patches.
    """

    inputs: int
    outputs: int
    positions: int
    input_numbers: int

    @property
    def parameters(self) -> int:
        """P, numbers in the weight."""
        return self.inputs * self.outputs

    @property
    def product(self) -> float:
        """Operations of the layer's product for one example, 2TIO."""
        return 2.0 * self.positions * self.parameters

    def factors(self, cotangents: int) -> int:
        """Numbers of its inputs and output gradients in one example."""
        return self.input_numbers + cotangents * self.positions * self.outputs


@dataclass(frozen=True)
class CostNetwork:
    """A network.

    Attributes:
        name: For tables.
        layers: Those whose gradients are wanted.
        forward: F, operations of one example's forward pass, through all layers.
        cotangents: C, gradients of one example.
        weight_bytes: What its weights take in float32.
    """

    name: str
    layers: tuple[CostLayer, ...]
    forward: float
    cotangents: int
    weight_bytes: float

    @property
    def parameters(self) -> int:
        """Numbers in one gradient."""
        return sum(layer.parameters for layer in self.layers)


def _plain(name: str, layers: list[CostLayer]) -> CostNetwork:
    """A network all of whose layers are wanted, through one scalar."""
    forward = sum(layer.product for layer in layers)
    return CostNetwork(name, tuple(layers), forward, 1, 4.0 * sum(x.parameters for x in layers))


def mlp(*widths: int) -> CostNetwork:
    """A fully connected network; biases are left out, as everywhere in the model."""
    pairs = pairwise(widths)
    return _plain("-".join(map(str, widths)), [CostLayer(i, o, 1, i) for i, o in pairs])


def _convolution(channels: int, outputs: int, kernel: int, side: int, stride: int) -> CostLayer:
    inputs = channels * kernel**2
    return CostLayer(inputs, outputs, (side // stride) ** 2, channels * side**2)


def _bottleneck(channels: int, width: int, side: int, stride: int) -> list[CostLayer]:
    """1x1, 3x3 and 1x1; a 1x1 beside them where the shape changes."""
    layers = [
        _convolution(channels, width, 1, side, 1),
        _convolution(width, width, 3, side, stride),
        _convolution(width, 4 * width, 1, side // stride, 1),
    ]
    if channels != 4 * width:
        layers.append(_convolution(channels, 4 * width, 1, side, stride))
    return layers


def resnet50() -> CostNetwork:
    """ResNet-50 on images of 224 x 224, through the loss: its convolutions and last layer."""
    layers = [_convolution(3, 64, 7, 224, 2)]
    channels, side = 64, 56
    for width, num_blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(num_blocks):
            stride = 2 if block == 0 and width > 64 else 1
            layers += _bottleneck(channels, width, side, stride)
            channels, side = 4 * width, side // stride
    return _plain("ResNet-50", [*layers, CostLayer(2048, 1000, 1, 2048)])


def lora_network(
    *,
    num_parameters: float = 6.74e9,
    num_blocks: int = 32,
    width: int = 4096,
    rank: int = 16,
    num_tokens: int = 512,
) -> CostNetwork:
    """A transformer of 7 billion weights with LoRA on the query and value projections.

    Args:
        num_parameters: N, weights of the frozen model.
        num_blocks: L, blocks.
        width: d, numbers in a token.
        rank: r of the adapters.
        num_tokens: T, tokens in a sequence.

    Returns:
        The network, through the loss of a sequence.
    """
    down = CostLayer(width, rank, num_tokens, width * num_tokens)
    up = CostLayer(rank, width, num_tokens, rank * num_tokens)
    products = 2.0 * num_parameters * num_tokens
    attention = 4.0 * num_tokens**2 * width * num_blocks
    layers = (down, up) * (2 * num_blocks)
    name = f"7 B with LoRA, rank {rank}"
    return CostNetwork(name, layers, products + attention, 1, 4.0 * num_parameters)
