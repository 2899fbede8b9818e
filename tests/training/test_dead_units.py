from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from neurashed.training.dead_units import DeadUnitCounter

RELUS = {
    "module": nn.ReLU(),
    "in-place module": nn.ReLU(inplace=True),
    "functional": functional.relu,
    "torch": torch.relu,
    "method": Tensor.relu,
    "in-place method": Tensor.relu_,
}


def count(function: Callable[[], object]) -> float | None:
    counter = DeadUnitCounter()
    with counter:
        function()
    return counter.fraction


@pytest.mark.parametrize("relu", RELUS.values(), ids=RELUS)
def test_every_way_to_write_a_relu_is_seen(relu: Callable[[Tensor], Tensor]):
    values = torch.tensor([[1.0, -1.0, 0.0, -2.0], [-1.0, -1.0, 0.0, 2.0]])
    assert count(lambda: relu(values)) == 0.5


def test_the_units_of_a_convolution_are_its_channels():
    layer = nn.Conv1d(1, 2, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1))
    assert count(lambda: torch.relu(layer(torch.ones(1, 1, 3)))) == 0.5
    # One position above zero is enough.
    assert count(lambda: torch.relu(layer(torch.tensor([[[1.0, 1.0, -1.0]]])))) == 0


def test_the_units_of_a_linear_layer_are_its_features_also_on_sequences():
    layer = nn.Linear(1, 4, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0], [-1.0], [-2.0], [-3.0]]))
    convolution = nn.Conv1d(1, 1, 1)
    assert count(
        lambda: (convolution(torch.ones(2, 1, 3)), torch.relu(layer(torch.ones(2, 3, 1))))
    ) == (0.75)


def test_several_relus_and_several_passes_are_put_together():
    counter = DeadUnitCounter()
    for first, second in (([1.0, -1.0], [-1.0]), ([-1.0, -1.0], [1.0])):
        with counter:
            torch.relu(torch.tensor([first]))
            torch.relu(torch.tensor([second]))
    assert counter.fraction == pytest.approx(1 / 3)


def test_every_pass_begins_without_a_layer():
    counter, layer = DeadUnitCounter(), nn.Conv1d(1, 1, 1)
    with torch.no_grad():
        for _ in range(2):
            with counter:
                layer(torch.relu(torch.tensor([[[1.0, -1.0]]])))
    assert counter.fraction == 0.5


def test_without_a_relu_there_is_no_fraction():
    assert count(lambda: nn.GELU()(torch.ones(2, 2))) is None


def test_the_fused_path_of_transformers_is_not_taken_unseen():
    layer = nn.TransformerEncoderLayer(4, 2, dim_feedforward=8, batch_first=True).eval()
    with torch.no_grad():
        nn.init.constant_(layer.linear1.weight, 0.0)
        nn.init.constant_(layer.linear1.bias, -1.0)
        assert count(lambda: layer(torch.ones(2, 3, 4))) == 1
