"""Random signs are named by a seed and a place, and by nothing else."""

import pytest
import torch
from torch import Tensor

from neurashed.engine.sketch_signs import draw_signs


def _draw(seed: int, start: int, stop: int, width: int) -> Tensor:
    components = slice(start, stop)
    return draw_signs(seed, components, width, dtype=torch.float32, device=torch.device("cpu"))


@pytest.mark.parametrize("width", [1, 63, 64, 65, 200])
def test_a_run_is_the_same_alone_and_with_others(width: int):
    whole = _draw(5, 0, 40, width)
    assert whole.shape == (40, width)
    assert whole.abs().eq(1).all()
    assert torch.equal(_draw(5, 7, 19, width), whole[7:19])


def test_signs_are_those_of_every_machine():
    text = "".join("+" if sign > 0 else "-" for sign in _draw(0, 0, 2, 20).flatten().tolist())
    assert text == "-+-++++++-----+-++----+----+++-+-+++++-+"


def test_signs_look_independent():
    signs = _draw(1, 0, 500, 500)
    other = _draw(2, 0, 500, 500)
    # Four standard errors of a mean of 250,000 signs, and of the largest of the products.
    assert abs(float(signs.mean())) < 4 / 500
    assert abs(float((signs * other).mean())) < 4 / 500
    products = (signs @ signs.T / 500).fill_diagonal_(0)
    assert float(products.abs().max()) < 6 / 500**0.5
