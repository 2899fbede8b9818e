"""Samples of pairs of manifolds: targets, labels, places."""

import numpy as np
import pytest
import torch
from closeness import assert_close

from neurashed.data.manifolds import manifold_names, manifold_pair
from neurashed.errors import InputError

# What holds for every point (in space, then its side) of each pair, from their equations.
EQUATIONS = {
    "torus": lambda p, side: np.hypot(
        np.hypot(p[0], p[1]) - 8 - side * np.sin(4 * np.arctan2(p[1], p[0])),
        p[2] - side * np.cos(4 * np.arctan2(p[1], p[0])),
    ),
    "folded_boxes": lambda p, side: np.abs(p[1]) + 1.2 * np.abs(p[0]) - 12 - side,
    "double_helix": lambda p, side: np.hypot(
        p[0] - side * np.cos(1.5 * p[2]), p[1] - side * np.sin(1.5 * p[2])
    ),
    "two_cosines": lambda p, side: p[1] - np.cos(p[0]) - 0.2 * side,
    "two_spheres": lambda p, side: np.linalg.norm(p, axis=0) - np.where(side > 0, 10, 20),
    "two_cycles": lambda p, side: np.linalg.norm(p, axis=0) - np.where(side > 0, 10, 50),
}


@pytest.mark.parametrize("name", manifold_names())
def test_samples_lie_on_their_manifolds(name: str):
    sample = manifold_pair(name).sample(100, generator=np.random.default_rng(0))
    inputs, targets = sample.examples.inputs, sample.examples.targets
    assert inputs.dtype == targets.dtype == torch.float32
    assert targets.tolist() == [1.0] * 50 + [0.0] * 50
    assert sample.examples.labels.tolist() == ["positive"] * 50 + ["negative"] * 50
    side = 2 * targets.double().numpy() - 1
    errors = EQUATIONS[name](inputs.double().numpy().T, side)
    assert np.abs(errors).max() < 1e-5


@pytest.mark.parametrize("name", manifold_names())
def test_parameters_say_where_examples_are(name: str):
    pair = manifold_pair(name)
    sample = pair.sample(20, generator=np.random.default_rng(0)).select(slice(0, 20, 3))
    assert sample.examples.ids.tolist() == list(range(0, 20, 3))
    is_positive = sample.examples.targets.numpy() == 1
    for manifold, kept in ((pair.positive, is_positive), (pair.negative, ~is_positive)):
        points = manifold.embed(sample.parameters[kept])
        assert_close(sample.examples.inputs.numpy()[kept], points)


def test_samples_depend_on_the_generator_alone():
    first, second, other = (
        manifold_pair("two_spheres").sample(10, generator=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert first.examples.checksum() == second.examples.checksum()
    assert first.examples.checksum() != other.examples.checksum()


@pytest.mark.parametrize("num_examples", [0, 7])
def test_odd_numbers_are_refused(num_examples: int):
    with pytest.raises(InputError, match=f"num_examples is {num_examples}; give an even number"):
        manifold_pair("torus").sample(num_examples, generator=np.random.default_rng(0))


def test_an_unknown_pair_is_refused():
    with pytest.raises(
        InputError, match=r"unknown pair of manifolds 'tours'; did you mean 'torus'\?"
    ):
        manifold_pair("tours")
