"""The content checksum sees every bit of numbers and coordinates, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from result_cases import random_result

from neurashed.results import content, content_checksum

Change = Callable[[xr.DataArray], xr.DataArray]


def test_attributes_and_layout_in_memory_do_not_matter():
    result = random_result()
    checksum = content_checksum(result)
    assert len(checksum) == 64
    assert content_checksum(result.assign_attrs(provenance={"created": "later"})) == checksum
    assert content_checksum(result.copy(data=np.asfortranarray(result.values))) == checksum
    wider = result.assign_coords(source_label=result["source_label"].astype("U40"))
    assert content_checksum(wider) == checksum


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.copy(data=np.nextafter(it.values, np.inf)),
        lambda it: it.astype(np.float32),
        lambda it: it.isel(source=slice(None, None, -1)),
        lambda it: it.assign_coords(source_label=it["source_label"].str.upper()),
        lambda it: it.assign_coords(self_response=it["self_response"] * 2),
        lambda it: it.drop_vars("probe_text"),
        lambda it: it.assign_coords(self_response=("probe", it["self_response"].values)),
        lambda it: it.assign_coords(source_thumbnail=it["source_thumbnail"][::-1].variable),
    ],
)
def test_every_other_change_shows(change: Change):
    result = random_result()
    assert content_checksum(change(result)) != content_checksum(result)


def test_borders_between_texts_matter():
    ids = [["ab", "c"], ["a", "bc"], ["a\0b", "c"], ["a", "b\0c"]]
    two = random_result(num_examples=2)
    assert len({content_checksum(two.assign_coords(source=each)) for each in ids}) == 4


def test_zeros_of_both_signs_differ():
    result = random_result()
    zeros, minus = (
        result.copy(data=np.zeros(result.shape)),
        result.copy(data=-np.zeros(result.shape)),
    )
    assert content_checksum(zeros) != content_checksum(minus)


def test_blocks_of_rows_cover_everything():
    result = random_result(num_examples=300)
    changed = result.copy(deep=True)
    changed[-1, -1] += 1
    assert content_checksum(changed) != content_checksum(result)


@pytest.mark.parametrize("num_bytes", [1, 1_000, 5_000])
def test_how_much_is_read_at_once_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, num_bytes: int
) -> None:
    result = random_result()
    checksum = content_checksum(result)
    result.encoding["preferred_chunks"] = {"source": 5, "probe": 5}
    monkeypatch.setattr(content, "_BYTES_AT_ONCE", num_bytes)
    assert content_checksum(result) == checksum


def test_the_checksum_of_a_result_stays_what_it_was():
    """Stores of earlier versions carry theirs, and verification compares it."""
    result = random_result(num_examples=300)
    digest = "d3bda3a84315a51f43b3a41466cff4fee09691a54bcf8b6819ece2106e5c793c"
    assert content_checksum(result) == digest
