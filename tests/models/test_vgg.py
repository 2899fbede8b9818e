from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from neurashed.errors import InputError
from neurashed.models import VGG19, build_model
from neurashed.training import load_weights, save_weights

# Where a convolution stands among convolutions, ReLU and poolings, and its channels.
CONVOLUTIONS = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128),
    10: (128, 256), 12: (256, 256), 14: (256, 256), 16: (256, 256),
    19: (256, 512), 21: (512, 512), 23: (512, 512), 25: (512, 512),
    28: (512, 512), 30: (512, 512), 32: (512, 512), 34: (512, 512),
}  # fmt: skip
LINEAR = {0: (25_088, 4_096), 3: (4_096, 4_096), 6: (4_096, 1_000)}


def standard_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for number, (inputs, outputs) in CONVOLUTIONS.items():
        shapes[f"features.{number}.weight"] = (outputs, inputs, 3, 3)
        shapes[f"features.{number}.bias"] = (outputs,)
    for number, (inputs, outputs) in LINEAR.items():
        shapes[f"classifier.{number}.weight"] = (outputs, inputs)
        shapes[f"classifier.{number}.bias"] = (outputs,)
    return shapes


def narrow(num_outputs: int = 5, seed: int = 0) -> VGG19:
    return VGG19(num_outputs, width=2, generator=torch.Generator().manual_seed(seed)).eval()


@pytest.fixture
def full_size() -> Iterator[VGG19]:
    with torch.device("meta"):
        yield VGG19(generator=torch.Generator())


def test_names_and_shapes_are_the_standard_ones(full_size: VGG19):
    shapes = {name: tuple(value.shape) for name, value in full_size.state_dict().items()}
    assert shapes == standard_shapes()
    assert sum(parameter.numel() for parameter in full_size.parameters()) == 143_667_240


def test_full_size_runs_and_takes_weights_under_the_standard_names(full_size: VGG19):
    weights = {name: torch.empty(shape, device="meta") for name, shape in standard_shapes().items()}
    assert not full_size.load_state_dict(weights, assign=True).missing_keys
    assert full_size.eval()(torch.empty(2, 3, 224, 224, device="meta")).shape == (2, 1_000)


def test_layers_compute_what_the_paper_says():
    # The same network, written as the paper's table: convolution, ReLU and pooling by function.
    model, inputs = narrow(), torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    weights, hidden = model.state_dict(), inputs
    for number in CONVOLUTIONS:
        weight, bias = weights[f"features.{number}.weight"], weights[f"features.{number}.bias"]
        hidden = torch.relu(nn.functional.conv2d(hidden, weight, bias, padding=1))
        if number in {2, 7, 16, 25, 34}:
            hidden = nn.functional.max_pool2d(hidden, 2)
    hidden = nn.functional.adaptive_avg_pool2d(hidden, 7).flatten(1)
    for number in LINEAR:
        weight, bias = weights[f"classifier.{number}.weight"], weights[f"classifier.{number}.bias"]
        hidden = nn.functional.linear(hidden, weight, bias)
        hidden = torch.relu(hidden) if number < 6 else hidden
    with torch.no_grad():
        torch.testing.assert_close(model(inputs), hidden)


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_weights_come_back_from_either_kind_of_file(tmp_path: Path, suffix: str):
    saved, model, path = narrow(seed=1), narrow(), tmp_path / f"vgg19.{suffix}"
    if suffix == "pth":
        torch.save(saved.state_dict(), path)
    else:
        save_weights(saved, path)
    load_weights(model, path)
    inputs = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        assert torch.equal(model(inputs), saved(inputs))


def test_a_file_that_does_not_fit_says_which_names_and_shapes(tmp_path: Path):
    weights = narrow(4).state_dict()
    weights["head.weight"] = weights.pop("features.34.bias")
    save_file(weights, tmp_path / "other.safetensors")
    model = narrow(5)
    before = model.classifier[6].weight.clone()
    with pytest.raises(InputError) as raised:
        load_weights(model, tmp_path / "other.safetensors")
    message = str(raised.value)
    assert "1 missing from the file: features.34.bias" in message
    assert "1 not in the model: head.weight" in message
    assert "classifier.6.weight (4, 128) for (5, 128), classifier.6.bias (4,) for (5,)" in message
    assert torch.equal(model.classifier[6].weight, before)


def test_small_images_are_refused():
    with pytest.raises(InputError, match="images are 31x40; this network needs at least 32x32"):
        narrow()(torch.zeros(1, 3, 31, 40))


def test_built_by_name():
    generator = torch.Generator().manual_seed(0)
    built = build_model("vgg19", generator=generator, num_outputs=5, width=2)
    again = narrow()
    assert all(map(torch.equal, built.state_dict().values(), again.state_dict().values()))
