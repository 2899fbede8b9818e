"""What is counted for a layer is what is kept of it."""

import pytest
import torch
from torch import nn

from neurashed.engine.costs import LayerSize, measure_layer
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.subject import Subject, examine
from neurashed.task import Task

NARROW = LayerSize(36, 18, 3, 1, 57, 0, 57)  # its gradient is shorter than those at its outputs
WIDE = LayerSize(36, 36, 5, 1, 185, 144, 180)


def _examine(channels: tuple[int, int], x: torch.Tensor) -> Subject:
    conv = nn.Conv2d(*channels, 3, padding=1)
    model = nn.Sequential(conv, nn.Flatten(), nn.Linear(36 * channels[1], 1))
    return examine(Task(model), (x, torch.zeros(3, 1)))


@pytest.mark.parametrize(("channels", "size"), [((2, 3), NARROW), ((4, 5), WIDE)])
def test_what_is_kept_of_a_convolution(
    channels: tuple[int, int], size: LayerSize, generator: torch.Generator
):
    x = torch.randn(3, channels[0], 6, 6, generator=generator)
    subject = _examine(channels, x)
    assert measure_layer(subject.layers[0], subject.discovery.sites) == size
    side = Side((x, torch.zeros(3, 1)), subject.readouts)
    rows = record_rows(subject, side, slice(0, 3), 3)["0"]
    held = [value for value in vars(rows).values() if isinstance(value, torch.Tensor)]
    assert sum(value.numel() for value in held) == 3 * (size.factors + size.output_grads)
