import pytest
import torch

from neurashed.errors import InputError
from neurashed.models import build_model, model_names

GENERATOR = torch.Generator()
ARGUMENTS = {
    "two_layer_relu": {"num_inputs": 4, "width": 3},
    "two_layer_linear": {"num_inputs": 4, "width": 3},
    "three_layer_relu": {"num_inputs": 4, "width": 3},
    "three_layer_linear": {"num_inputs": 4, "width": 3},
    "mlp": {"num_inputs": 4, "widths": [3, 2], "activation": "tanh"},
    "cnn": {"image_shape": (1, 16, 16), "widths": (2, 2, 2)},
    "skip_mlp": {"num_inputs": 4, "width": 3},
    "autoencoder": {},
    "resnet18": {"width": 4},
    "vgg19": {"width": 2},
}


def test_every_name_builds_a_network():
    assert set(ARGUMENTS) == set(model_names())
    for name, arguments in ARGUMENTS.items():
        model = build_model(name, generator=GENERATOR, **arguments)
        assert next(model.parameters()).isfinite().all(), name


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(InputError, match="unknown model 'two_layer_rellu'; did you mean 'two_laye"):
        build_model("two_layer_rellu", generator=GENERATOR)


def test_a_name_like_no_other_lists_them_all():
    with pytest.raises(InputError, match=r"give one of them .*two_layer_relu, .*resnet18"):
        build_model("xyz", generator=GENERATOR)


def test_wrong_arguments_are_refused_with_the_right_ones():
    with pytest.raises(InputError, match=r"'depth'; it takes num_inputs: int, .*width: int = 4096"):
        build_model("skip_mlp", generator=GENERATOR, num_inputs=4, depth=2)
    with pytest.raises(InputError, match="missing a required argument: 'num_inputs'"):
        build_model("mlp", generator=GENERATOR)
