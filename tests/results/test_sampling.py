import numpy as np
import pytest
import xarray as xr

from neurashed.results import draw_sample


def make_matrix(num_sources: int, num_probes: int) -> xr.DataArray:
    """Return a result that takes no memory, as large as it may be."""
    zeros = np.broadcast_to(np.float32(0), (num_sources, num_probes))
    return xr.DataArray(zeros, dims=("source", "probe"))


def test_what_is_not_large_is_read_whole() -> None:
    sample = draw_sample(make_matrix(40, 30))
    assert sample.is_whole
    assert sample.result.shape == (40, 30)
    assert sample.probes.tolist() == list(range(30))


def test_of_a_large_result_examples_are_drawn_from_runs_over_all_of_it() -> None:
    result = make_matrix(60_000, 60_000)
    sample = draw_sample(result)
    assert not sample.is_whole
    assert sample.result.shape == (1_000, 1_000)
    assert np.array_equal(sample.sources, sample.probes)
    assert (np.diff(sample.sources) > 0).all()
    assert len(np.unique(sample.sources // 512)) == 16
    # Sorted by class, every one of ten is there, with about its share.
    assert np.bincount(sample.sources // 6_000, minlength=10).min() > 40
    assert sample.describe(result) == (
        "1,000 of 60,000 sources and 1,000 of 60,000 probes, drawn with seed 0 from 16 runs of "
        "512 neighbours"
    )


def test_a_short_axis_is_taken_whole() -> None:
    sample = draw_sample(make_matrix(300, 100_000))
    assert sample.sources.tolist() == list(range(300))
    assert len(sample.probes) == 1_000


def test_every_example_is_as_likely_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.zeros(5_000)
    for seed in range(60):
        monkeypatch.setattr("neurashed.results.sampling._SEED", seed)
        counts[draw_sample(make_matrix(5_000, 5_000)).sources] += 1
    by_run = [part.mean() for part in np.array_split(counts, 10)]
    assert np.abs(np.array(by_run) - 12).max() < 1
