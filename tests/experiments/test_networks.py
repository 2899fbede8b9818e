"""Networks named by a string."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from neurashed.errors import InputError, InputTypeError
from neurashed.experiments.networks import checksum_weights, load_network
from neurashed.training import save_weights

MODULE = """
import torch
from torch import nn

def make(width=3):
    return nn.Sequential(nn.Linear(2, width), nn.Dropout(), nn.Linear(width, 1))

def forget():
    return "no network"

number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "nets_of_a_user.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "nets_of_a_user"
    sys.modules.pop("nets_of_a_user", None)


def test_builtin_network_takes_arguments():
    model = load_network("mlp?num_inputs=4&widths=5,6&num_outputs=2&activation=tanh")
    assert [tuple(each.shape) for each in model.parameters()] == [
        (5, 4), (5,), (6, 5), (6,), (2, 6), (2,),
    ]  # fmt: skip
    assert any(isinstance(layer, nn.Tanh) for layer in model.children())


def test_seed_names_the_weights():
    spec = "two_layer_relu?num_inputs=3&width=4"
    first, again, other = (checksum_weights(load_network(spec, seed=s)) for s in (0, 0, 1))
    assert first == again
    assert first != other


def test_function_is_found_seeded_and_put_in_eval_mode(module: str):
    torch.rand(3)
    before = torch.get_rng_state()
    first = load_network(f"{module}:make?width=7", seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    again = load_network(f"{module}:make?width=7", seed=5)
    assert not first.training
    assert checksum_weights(first) == checksum_weights(again)
    assert sum(each.numel() for each in first.parameters()) == 7 * 3 + 8


def test_weights_are_loaded(module: str, tmp_path: Path):
    source = load_network(f"{module}:make", seed=1)
    save_weights(source, tmp_path / "w.safetensors")
    loaded = load_network(f"{module}:make", weights=tmp_path / "w.safetensors", seed=2)
    assert checksum_weights(loaded) == checksum_weights(source)


def test_checksum_sees_names_shapes_and_values():
    def make(*names: str) -> nn.Module:
        model = nn.Module()
        for name in names:
            model.register_buffer(name, torch.arange(4.0))
        return model

    changed = make("a")
    changed.a[3] = 0
    reshaped = make("a")
    reshaped.a = reshaped.a.view(2, 2)
    sums = [checksum_weights(each) for each in (make("a"), make("b"), changed, reshaped)]
    assert len(set(sums)) == 4


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("two_layer_rel", "unknown model 'two_layer_rel'; did you mean 'two_layer_relu'?"),
        ("two_layer_relu?width=3", "cannot build 'two_layer_relu': missing a required argument"),
        ("two_layer_relu?width", "model argument 'width' has no name or value"),
        ("no_such_module:make", "there is no module 'no_such_module' for model"),
        ("{module}:made", "nets_of_a_user has no function 'made'"),
        ("{module}:number", "nets_of_a_user has no function 'number'"),
    ],
)
def test_unusable_spec_is_refused(module: str, spec: str, message: str):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        load_network(spec.format(module=module))


def test_function_without_network_is_refused(module: str):
    with pytest.raises(InputTypeError, match=r"forget returned a str; return a torch.nn.Module"):
        load_network(f"{module}:forget")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("depth=3", "unexpected keyword argument 'depth'; its arguments are \\(width=3\\)"),
        ("width=2&depth=3", "make cannot be called so: .*'depth'"),
    ],
)
def test_wrong_arguments_of_a_function_are_told(module: str, arguments: str, message: str):
    with pytest.raises(InputError, match=message):
        load_network(f"{module}:make?{arguments}")
