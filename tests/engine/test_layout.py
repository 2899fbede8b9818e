"""The axis of the examples is found, or doubted."""

import pytest
import torch
from torch import Tensor

from neurashed.engine.layout import Layout, find_layout


def _values(count: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(3, *shape, generator=generator)[:count]


def _pair(count: int, change: object) -> tuple[Tensor, Tensor]:
    value = change(_values(count, 4, 5))
    return value, 2 * value


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x: x, Layout(0)),
        (lambda x: x.transpose(0, 1), Layout(1)),
        (lambda x: x.mT.movedim(0, 2), Layout(2)),
        (lambda x: x.flatten(0, 1), Layout(0, 4, True)),
        (lambda x: x.transpose(0, 1).flatten(0, 1), Layout(0, 4, False)),
        (lambda x: torch.ones_like(x).flatten(0, 1), None),
        (lambda x: x.sum(0), None),
        (lambda x: x.flatten(1) @ x.flatten(1).T, None),
        (lambda x: torch.cat([x, x[:1]]), None),
    ],
    ids=["first", "second", "last", "positions-beside", "examples-beside", "all-alike", "summed",
         "mixed", "one-more"],
)  # fmt: skip
def test_layouts(change: object, expected: Layout | None):
    assert find_layout(_pair(2, change), _pair(3, change), 2, 3) == expected


def test_input_and_output_must_agree():
    small, large = _values(2, 4, 5), _values(3, 4, 5)
    moved = small.movedim(0, 1), large.movedim(0, 1)
    assert find_layout((small, moved[0]), (large, moved[1]), 2, 3) is None


@pytest.mark.parametrize("examples_first", [True, False])
def test_folded_positions_come_apart(examples_first: bool):
    value = _values(3, 4, 5)
    flat = (value if examples_first else value.transpose(0, 1)).flatten(0, 1)
    assert torch.equal(Layout(0, 4, examples_first).bring_forward(flat), value)
    beside = flat.unsqueeze(0).expand(6, -1, -1)
    brought = Layout(1, 4, examples_first).bring_forward(beside)
    assert torch.equal(brought[:, :, 2], value)
