from collections.abc import Callable

import pytest
import torch
from torch import nn

from neurashed.errors import InputError
from neurashed.models import (
    CNN,
    MLP,
    VGG19,
    Autoencoder,
    ResNet18,
    SkipMLP,
    three_layer_linear,
    three_layer_relu,
    two_layer_linear,
    two_layer_relu,
)

Build = Callable[[torch.Generator], nn.Module]
Shape = tuple[int, ...]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


SMALL = {
    "two layers, ReLU": (lambda g: two_layer_relu(64, width=6, generator=g), (1, 8, 8), (1,)),
    "two layers, linear": (lambda g: two_layer_linear(64, 3, width=6, generator=g), (64,), (3,)),
    "three layers, ReLU": (lambda g: three_layer_relu(64, 2, width=6, generator=g), (64,), (2,)),
    "three layers, linear": (lambda g: three_layer_linear(64, width=6, generator=g), (64,), (1,)),
    "tanh": (lambda g: MLP(64, [5, 4], 2, activation="tanh", generator=g), (8, 8), (2,)),
    "single layer": (lambda g: MLP(64, [], 2, bias=False, generator=g), (64,), (2,)),
    "one skip": (lambda g: SkipMLP(64, 2, width=6, generator=g), (1, 8, 8), (2,)),
    "CNN": (
        lambda g: CNN(3, image_shape=(2, 16, 20), widths=(2, 3, 4), generator=g),
        (2, 16, 20),
        (3,),
    ),
    "autoencoder": (lambda g: Autoencoder(generator=g), (1, 28, 28), (1, 28, 28)),
    "ResNet, group": (lambda g: ResNet18(4, width=4, generator=g), (3, 32, 32), (4,)),
    "ResNet, batch": (
        lambda g: ResNet18(4, width=4, norm="batch", generator=g),
        (3, 32, 32),
        (4,),
    ),
    "VGG-19": (lambda g: VGG19(4, width=2, generator=g), (3, 32, 32), (4,)),
}
cases = pytest.mark.parametrize(("build", "shape", "output"), SMALL.values(), ids=SMALL.keys())


@cases
def test_outputs_have_the_promised_shape_and_treat_examples_independently(
    build: Build, shape: Shape, output: Shape
):
    model = build(seeded()).eval()
    inputs = torch.randn(4, *shape, generator=seeded(1))
    with torch.no_grad():
        together, alone = model(inputs), model(inputs[1:2])
    assert together.shape == (4, *output)
    assert torch.allclose(together[1:2], alone, atol=1e-6)


@cases
def test_the_generator_alone_decides_the_weights(build: Build, shape: Shape, output: Shape):
    first, again, other = build(seeded(5)), build(seeded(5)), build(seeded(6))
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), (name, shape, output)
    pairs = zip(first.parameters(), other.parameters(), strict=True)
    assert any(not torch.equal(*pair) for pair in pairs)


# Counted by hand from the layers of the published networks; 11,173,962 is the usual count of a
# ten-class ResNet-18 for CIFAR.
FULL_SIZE = {
    "two layers": (lambda g: two_layer_relu(784, generator=g), 784 * 40_960 + 2 * 40_960 + 1),
    "two layers, linear": (lambda g: two_layer_linear(784, generator=g), 32_194_561),
    "three layers": (
        lambda g: three_layer_relu(784, generator=g),
        785 * 8_192 + 8_193 * 8_192 + 8_193,
    ),
    "CNN": (lambda g: CNN(generator=g), 520 + 25_050 + 400_500 + 501),
    "one skip": (lambda g: SkipMLP(784, generator=g), 785 * 4_096 + 4_097 * 4_096 + 4_097),
    "autoencoder": (lambda g: Autoencoder(generator=g), 160 + 1_160 + 1_168 + 3_208 + 33),
    "ResNet, group": (lambda g: ResNet18(10, generator=g), 11_173_962),
    "ResNet, batch": (lambda g: ResNet18(10, norm="batch", generator=g), 11_173_962),
}


@pytest.mark.parametrize(("build", "count"), FULL_SIZE.values(), ids=FULL_SIZE.keys())
def test_full_size_networks_have_the_published_number_of_parameters(build: Build, count: int):
    with torch.device("meta"):
        model = build(seeded())
    assert sum(parameter.numel() for parameter in model.parameters()) == count


def test_the_linear_network_is_linear():
    model = three_layer_linear(5, 2, width=4, generator=seeded()).double()
    first, second = torch.randn(2, 3, 5, generator=seeded(1), dtype=torch.float64)
    middle = model((first + second) / 2)
    assert torch.allclose(middle, (model(first) + model(second)) / 2, rtol=0, atol=1e-12)


def test_layers_can_be_chosen_by_the_names_of_the_documentation():
    names = [
        name for name, _ in three_layer_relu(4, width=3, generator=seeded()).named_parameters()
    ]
    assert names == [f"fc{i}.{kind}" for i in (1, 2, 3) for kind in ("weight", "bias")]


def test_the_skip_adds_the_two_hidden_layers():
    model = SkipMLP(4, 2, width=3, generator=seeded())
    inputs = torch.randn(5, 4, generator=seeded(1))
    first = nn.functional.relu(inputs @ model.fc1.weight.T + model.fc1.bias)
    second = nn.functional.relu(first @ model.fc2.weight.T + model.fc2.bias)
    expected = (first + second) @ model.fc3.weight.T + model.fc3.bias
    assert torch.allclose(model(inputs), expected, atol=1e-6)


def test_a_residual_block_whose_branch_is_silent_passes_its_input_on():
    block = ResNet18(width=4, generator=seeded()).stage1[0]
    nn.init.zeros_(block.norm2.weight)
    inputs = torch.rand(2, 4, 5, 5, generator=seeded(1))
    assert torch.equal(block(inputs), inputs)


def test_the_autoencoder_makes_thirty_two_numbers_of_an_image():
    model = Autoencoder(generator=seeded())
    assert model.encode(torch.zeros(2, 1, 28, 28)).shape == (2, 32)


REFUSED = {
    "activation": (
        lambda: MLP(2, [2], activation="rleu", generator=seeded()),
        "unknown activation",
    ),
    "width": (
        lambda: MLP(2, [0], generator=seeded()),
        r"sizes \[2, 0, 1\]; give sizes of at least",
    ),
    "small image": (
        lambda: CNN(image_shape=(1, 15, 28), generator=seeded()),
        "15x28; this network needs at least 16x16",
    ),
    "norm": (lambda: ResNet18(norm="layer", generator=seeded()), "unknown norm 'layer'"),
    "autoencoder image": (
        lambda: Autoencoder(generator=seeded())(torch.zeros(1, 1, 32, 32)),
        "32x32; this network needs 28x28",
    ),
}


@pytest.mark.parametrize(("build", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_built_is_refused(build: Callable[[], object], message: str):
    with pytest.raises(InputError, match=message):
        build()
