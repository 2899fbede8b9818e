"""The k probes of largest magnitude, from blocks in any order."""

import numpy as np
import pytest

from neurashed.errors import InputError
from neurashed.results import TopProbesBuilder


def find_slowly(values: np.ndarray, k: int, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort every row whole."""
    kept, places = np.full((len(values), k), np.nan), np.full((len(values), k), -1)
    for source, row in enumerate(values):
        order = np.argsort(-np.abs(row), kind="stable")
        order = [p for p in order if np.isfinite(row[p]) and p != own[source]][:k]
        kept[source, : len(order)], places[source, : len(order)] = row[order], order
    return kept, places


def build(values: np.ndarray, k: int, own: np.ndarray, blocks: list) -> tuple:
    """Add the blocks given by their sources and probes."""
    builder = TopProbesBuilder(*values.shape, k, self_index=own)
    for sources, probes in blocks:
        builder.add(sources, probes, values[sources, probes])
    return builder.finish()


def cut(num_sources: int, num_probes: int, side: int) -> list[tuple[slice, slice]]:
    """Return the blocks of a matrix in order."""
    return [
        (slice(top, min(top + side, num_sources)), slice(left, min(left + side, num_probes)))
        for top in range(0, num_sources, side)
        for left in range(0, num_probes, side)
    ]


@pytest.fixture
def values() -> np.ndarray:
    """Return numbers with many ties, signs, zeros, and undefined ones."""
    generator = np.random.default_rng(0)
    values = generator.integers(-6, 7, size=(150, 700)).astype(np.float32)
    values *= generator.choice([1, 1, 1, 1e-3, 1e3], size=700)
    values[generator.random(values.shape) < 0.05] = np.nan
    values[3] = np.nan
    values[4, ::7] = np.inf
    values[5] = 0
    values[6, 2:] = np.nan
    return values


@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
@pytest.mark.parametrize("k", [1, 7, 40])
def test_agrees_with_sorting_every_row_in_any_order_of_blocks(
    values: np.ndarray, k: int, order: str
) -> None:
    own = np.arange(150) * 3
    own[::5] = -1
    blocks = cut(150, 700, 60)
    if order == "backward":
        blocks.reverse()
    if order == "shuffled":
        np.random.default_rng(1).shuffle(blocks)
    kept, places = build(values, k, own, blocks)
    slow_kept, slow_places = find_slowly(values, k, own)
    assert kept.dtype == np.float32
    assert places.dtype == np.int32
    np.testing.assert_array_equal(places, slow_places)
    np.testing.assert_array_equal(kept, slow_kept)


def test_whole_wide_rows_and_mirrored_blocks_agree() -> None:
    generator = np.random.default_rng(2)
    half = generator.normal(size=(300, 300)).astype(np.float32)
    values = half + half.T
    whole = build(values, 5, np.arange(300), cut(300, 300, 300))
    builder = TopProbesBuilder(300, 300, 5, self_index=np.arange(300))
    for rows, columns in cut(300, 300, 100):
        if rows.start >= columns.start:
            builder.add(rows, columns, values[rows, columns])
            if rows != columns:
                builder.add(columns, rows, values[rows, columns].T)
    mirrored = builder.finish()
    slow = find_slowly(values, 5, np.arange(300))
    for one, other, expected in zip(whole, mirrored, slow, strict=True):
        np.testing.assert_array_equal(one, expected)
        np.testing.assert_array_equal(other, expected)


def test_keeps_float64_values_in_float32_and_extremes_of_it() -> None:
    values = np.array([[1e-45, -3.4e38, 1e300, 0.1, -0.0]])
    kept, places = build(values, 4, np.array([-1]), cut(1, 5, 5))
    assert places.tolist() == [[1, 3, 0, 4]]
    assert kept[0].tolist() == np.float32([-3.4e38, 0.1, 1e-45, -0.0]).tolist()


def test_fewer_probes_than_asked_for() -> None:
    kept, places = build(np.ones((2, 2), np.float32), 4, np.arange(2), cut(2, 2, 2))
    assert places.tolist() == [[1, -1, -1, -1], [0, -1, -1, -1]]
    assert np.isnan(kept[:, 1:]).all()


def test_refuses_no_probes() -> None:
    with pytest.raises(InputError, match="k is 0; ask for at least 1 probe"):
        TopProbesBuilder(2, 2, 0)


@pytest.mark.parametrize("side", [900, 250])
def test_of_many_equal_magnitudes_the_first_probes_are_kept(side: int) -> None:
    values = np.zeros((40, 900), np.float32)
    values[:20, 850:853] = -2.0
    values[10:, 100:] = 1.0
    own = np.full(40, 101)
    kept, places = build(values, 5, own, cut(40, 900, side))
    slow_kept, slow_places = find_slowly(values, 5, own)
    np.testing.assert_array_equal(places, slow_places)
    np.testing.assert_array_equal(kept, slow_kept)
