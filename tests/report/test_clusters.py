"""The clusters as the page shows them: who, why, how sure, and nothing that is not escaped."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurashed.clustering import cluster_by_elasticity
from neurashed.report import write_report
from neurashed.report.clusters import describe_clusters, has_clusters
from neurashed.results import AxisLabels, label_elasticity

HOSTILE = "<script>alert(1)</script>"


def make_clustered(*, fine_labels: bool = True, hostile: str = "b") -> xr.DataArray:
    """Return twelve examples in two blocks; the last one of the first is labelled wrongly."""
    truth = np.repeat(["a", hostile], 6)
    generator = np.random.default_rng(0)
    same = truth[:, None] == truth
    values = np.where(same, 0.8, 0.1) + 0.05 * generator.random((12, 12))
    values = (values + values.T) / 2
    values[0, 1] = values[1, 0] = 0.99
    np.fill_diagonal(values, 1)
    labels = truth.copy()
    labels[5] = hostile
    axis = AxisLabels(
        ids=np.arange(12),
        labels=labels,
        fine_labels=truth if fine_labels else None,
        thumbnails=np.full((12, 4, 4), 200, np.uint8),
    )
    result = label_elasticity(
        values, sources=axis, probes=axis, name="relative", units="1", provenance={}
    )
    found = cluster_by_elasticity(result, 2)
    return result.assign_coords({
        name: ("source", found[name].values) for name in ("cluster", "typicality", "margin")
    })


def test_members_come_by_typicality_and_by_margin():
    clustered = make_clustered()
    section = describe_clusters(clustered, clustered)
    assert [card.size for card in section.cards] == [6, 6]
    for number, card in enumerate(section.cards):
        members = clustered.isel(source=clustered["cluster"].values == number)
        by_typicality = members["source"].values[np.argsort(-members["typicality"].values)]
        by_margin = members["source"].values[np.argsort(members["margin"].values)]
        assert [each.name for each in card.typical] == [str(each) for each in by_typicality]
        assert [each.name for each in card.ambiguous] == [str(each) for each in by_margin]
        assert card.typical[0].picture.startswith("data:image/png;base64,")


def test_near_duplicates_and_odd_ones_out_are_named():
    clustered = make_clustered()
    section = describe_clusters(clustered, clustered)
    pair = section.pairs[0]
    assert (pair.first.name, pair.second.name, pair.value) == ("0", "1", "0.9900")
    assert pair.first.note == f"cluster {clustered['cluster'].values[0]}"
    [odd] = section.odd.members
    assert (odd.member.name, odd.label, odd.suggested) == ("5", "b", "a")
    assert float(odd.score) > 0


def test_finer_labels_are_counted_and_scored():
    clustered = make_clustered()
    section = describe_clusters(clustered, clustered)
    assert section.finer_labels == ["a", "b"]
    assert section.counts == [[6, 0], [0, 6]]
    assert section.agreement[0][1][0] == ("1.000", "")
    assert section.classes == "Finer classes"


def test_without_finer_labels_the_classes_are_counted():
    bare = make_clustered(fine_labels=False)
    section = describe_clusters(bare, bare)
    assert section.classes == "Classes"
    assert section.counts == [[5, 1], [0, 6]]
    same = bare.assign_coords(source_label=("source", ["a"] * bare.sizes["source"]))
    section = describe_clusters(same, same)
    assert section.counts == []
    assert section.agreement == []


def test_says_what_the_run_knows_of_its_clusters():
    clustered = make_clustered()
    clustered["cluster"].values[3] = -1
    score = {"mean": 0.9, "standard_deviation": 0.1, "low": 0.8, "high": 0.95}
    one_run = {"mean": 0.5, "standard_deviation": None, "low": None, "high": None}
    coarse = {
        "primary": {"label": "pets", "num_examples": 12},
        "auxiliary": {"label": "cars", "num_examples": 7},
    }
    clustered.attrs["provenance"]["clusters"] = {
        "num_clusters": 2,
        "coarse": coarse,
        "method": "spectral",
        "normalize": "cosine",
        "evidence": {"evidence": "eigengap", "candidates": [2, 3], "values": [0.5, 0.25]},
        "agreement": {"elasticity": {"accuracy": score, "nmi": one_run, "ari": one_run}},
        "training": {"lr_lambda_max": [[2.5, None]]},
    }
    section = describe_clusters(clustered, clustered)
    assert section.title == "Which subclasses hide behind “pets”?"
    assert "7 auxiliary examples of “cars”. Found by spectral" in section.summary
    assert section.cautions[0].startswith("1 of 12 examples are in no cluster")
    assert section.cautions[1].startswith("1 of 2 trainings ended with lr·λ_max above 2")
    assert section.evidence.rows == [(2, "0.5", 1.0), (3, "0.25", 0.5)]
    scores = [("0.900", "0.800 to 0.950"), ("0.500", ""), ("0.500", "")]
    assert section.agreement == [("elasticity", scores)]
    assert sum(card.size for card in section.cards) == 11


@pytest.mark.parametrize("with_clusters", [True, False])
def test_page_has_the_section_only_with_clusters(tmp_path: Path, with_clusters: bool):
    clustered = make_clustered(hostile=HOSTILE)
    result = clustered if with_clusters else clustered.drop_vars("margin")
    assert has_clusters(result) is with_clusters
    page = write_report(result, tmp_path / "report.html").read_text(encoding="utf-8")
    assert ('id="clusters"' in page) is with_clusters
    assert HOSTILE not in page
    # They are told of the members of clusters or of all examples, and once.
    assert page.count("moves with <strong>a</strong>") == 1
    assert ('id="look-alikes"' in page) is not with_clusters
