"""Blocks of a set with itself are cut so that every pair is computed and few are twice."""

from itertools import pairwise

import pytest
import torch

from neurashed.engine.cutting import lower_half, slabs


@pytest.mark.parametrize("length", [1, 47, 500, 641, 1000, 2500])
def test_lower_half_covers_each_pair_once(length: int):
    seen = torch.zeros(length, length, dtype=torch.int8)
    for rows, columns in lower_half(0, length):
        seen[rows, columns] += 1
    assert (seen.tril() == torch.ones_like(seen).tril()).all()
    assert int(seen.sum()) <= length**2
    if length >= 1000:
        assert float(seen.float().mean()) < 0.6


@pytest.mark.parametrize("is_symmetric", [True, False])
def test_slabs_follow_one_another(is_symmetric: bool):
    found = list(slabs(1000, is_symmetric=is_symmetric, largest=400))
    assert found[0][0] == 0
    assert found[-1][1] == 1000
    assert all(stop == start for (_, stop), (start, _) in pairwise(found))
    assert max(stop - start for start, stop in found) <= 400
    assert len(found) == (7 if is_symmetric else 3)
