"""Near-duplicates and odd ones out on the page of a measurement."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from result_cases import random_result

from neurashed.report import write_report
from neurashed.report.look_alikes import describe_look_alikes
from neurashed.results import AxisLabels, label_elasticity

HOSTILE = "<script>alert(1)</script>"


def make_blocks(*, labels: bool = True, hostile: str = "b", size: int = 4) -> xr.DataArray:
    """Return twelve examples in two blocks; the last one of the first is labelled wrongly."""
    right = np.repeat(["a", hostile], 6)
    values = np.where(right[:, None] == right, 0.8, 0.1)
    values[0, 1] = values[1, 0] = 0.99
    np.fill_diagonal(values, 1)
    given = right.copy()
    given[5] = hostile
    axis = AxisLabels(
        ids=np.arange(12) + 100,
        labels=given if labels else None,
        fine_labels=right,
        thumbnails=np.full((12, size, size), 200, np.uint8),
    )
    return label_elasticity(
        values, sources=axis, probes=axis, name="tangent_kernel", units="1", provenance={}
    )


def test_the_closest_pair_and_the_wrong_label_are_found():
    section = describe_look_alikes(make_blocks())
    assert section is not None
    assert section.searched == "12 sources"
    first = section.pairs[0]
    assert (first.first.name, first.second.name, first.value) == ("100", "101", "0.9900")
    assert first.first.note == "label a"
    [odd] = section.odd.members
    assert section.odd.voters.startswith("all other examples, each with the weight")
    assert (odd.member.name, odd.label, odd.suggested) == ("105", "b", "a")
    assert odd.member.fine_label == "a"


def test_without_labels_there_are_pairs_alone():
    section = describe_look_alikes(make_blocks(labels=False))
    assert section is not None
    assert section.odd.members == []
    assert section.pairs[0].first.note == ""


def test_sources_that_are_no_probes_have_no_such_part(tmp_path: Path):
    result = make_blocks().isel(probe=slice(1, None))
    assert describe_look_alikes(result) is None
    page = write_report(result, tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="look-alikes"' not in page


def test_of_a_large_result_a_sample_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("neurashed.results.sampling.is_large", lambda _: True)
    monkeypatch.setattr("neurashed.results.sampling._SAMPLE_SIZE", 7)
    page = write_report(random_result(), tmp_path / "report.html").read_text(encoding="utf-8")
    assert "among\n      a sample of 7 sources:" in page


def test_the_page_shows_them_and_nothing_that_is_not_escaped(tmp_path: Path):
    result = make_blocks(hostile=HOSTILE)
    page = write_report(result, tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="look-alikes"' in page
    assert "among\n      12 sources:" in page
    assert "moves with <strong>a</strong>" in page
    assert HOSTILE not in page


def test_large_thumbnails_are_made_smaller():
    small, large = (describe_look_alikes(make_blocks(size=size)) for size in (64, 256))
    assert small is not None
    assert large is not None
    assert large.pairs[0].first.picture == small.pairs[0].first.picture
