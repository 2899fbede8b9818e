from collections.abc import Callable

import pytest
import torch
from torch import nn

from neurashed.errors import InputError
from neurashed.models import initialize

LAYERS = {
    "linear": lambda: nn.Linear(5, 3),
    "linear without bias": lambda: nn.Linear(5, 3, bias=False),
    "convolution": lambda: nn.Conv2d(4, 6, (3, 5), groups=2),
    "transposed convolution": lambda: nn.ConvTranspose1d(4, 6, 3, groups=2),
    "embedding": lambda: nn.Embedding(7, 3, padding_idx=2),
    "group normalization": lambda: nn.GroupNorm(2, 4),
    "batch normalization": lambda: nn.BatchNorm1d(4),
}


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS.keys())
def test_the_law_is_pytorchs_own_bit_for_bit(build: Callable[[], nn.Module]):
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(torch.Generator().manual_seed(3).get_state())
        expected = build()
    layer = build()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(99.0)
    initialize(layer, torch.Generator().manual_seed(3))
    for name, value in expected.state_dict().items():
        assert torch.equal(layer.state_dict()[name], value), name


def test_running_statistics_start_afresh():
    layer = nn.BatchNorm1d(3)
    layer(torch.arange(12.0).reshape(4, 3))
    initialize(layer, torch.Generator())
    assert torch.equal(layer.get_buffer("running_mean"), torch.zeros(3))


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    layer = nn.Linear(2, 2)
    torch.set_rng_state(before)
    initialize(layer, torch.Generator())
    assert torch.equal(torch.get_rng_state(), before)


def test_numbers_do_not_depend_on_gradients_being_needed_or_layers_shared():
    shared = nn.Linear(3, 3)
    shared.weight.requires_grad_(False)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    alone = nn.Linear(3, 3)
    initialize(model, torch.Generator().manual_seed(1))
    initialize(alone, torch.Generator().manual_seed(1))
    assert torch.equal(shared.weight, alone.weight)


def test_a_layer_without_a_law_is_refused_by_name():
    model = nn.Sequential(nn.Linear(2, 2), nn.PReLU())
    with pytest.raises(InputError, match=r"layer '1' of type PReLU.*initialize it in the model"):
        initialize(model, torch.Generator())
