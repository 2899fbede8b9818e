"""Clusters in a file beside the results, and on a result."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from result_cases import random_result

from neurashed.errors import StoreError
from neurashed.results import attach_clusters, open_clusters, save_clusters


def make_clusters(ids: np.ndarray) -> xr.Dataset:
    columns = {
        "cluster": ("source", np.arange(len(ids)) % 2 - (np.arange(len(ids)) == 1)),
        "typicality": ("source", np.random.default_rng(0).normal(size=len(ids))),
        "margin": ("source", np.full(len(ids), np.nan)),
    }
    attrs = {"method": "nystrom", "left_out": ids[1:2].tolist(), "provenance": {"seed": 1}}
    return xr.Dataset(columns, coords={"source": ids}, attrs=attrs)


@pytest.mark.parametrize("ids", [np.arange(5), np.array(["a", "b", "cd"])])
def test_clusters_are_read_as_they_were_written(ids: np.ndarray, tmp_path: Path) -> None:
    clusters = make_clusters(ids)
    save_clusters(clusters, tmp_path / "clusters.json")
    xr.testing.assert_identical(open_clusters(tmp_path / "clusters.json"), clusters)
    assert [path.name for path in tmp_path.iterdir()] == ["clusters.json"]


@pytest.mark.parametrize("text", ["", "[1]", '{"source": [1], "cluster": ["x"]}'])
def test_damaged_clusters_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "clusters.json").write_text(text)
    with pytest.raises(StoreError, match=r"clusters.json holds no clusters: .*cluster again"):
        open_clusters(tmp_path / "clusters.json")


def test_sources_carry_their_clusters() -> None:
    result = random_result()
    before = dict(result.attrs["provenance"])
    clusters = make_clusters(result["source"].values)
    clustered = attach_clusters(result, clusters)
    for name in ("cluster", "typicality", "margin"):
        np.testing.assert_array_equal(clustered[name], clusters[name])
        assert clustered[name].dims == ("source",)
    assert clustered.attrs["provenance"]["clusters"]["method"] == "nystrom"
    assert result.attrs["provenance"] == before
    message = f"are of {len(result) - 1} sources with other ids than the result's {len(result)}"
    with pytest.raises(StoreError, match=message):
        attach_clusters(result, clusters.isel(source=slice(1, None)))
