"""Top probes of a result: their labels, and their store."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from result_cases import random_result

from neurashed.errors import InputError, StoreError
from neurashed.results import (
    label_top_probes,
    nearest_probes,
    open_top_probes,
    read_thumbnails,
    save_result,
    save_top_probes,
    top_probes,
)


@pytest.fixture
def result() -> xr.DataArray:
    """Return a result of 12 sources with texts and thumbnails, and an undefined pair."""
    result = random_result()
    result.values[2, 5] = np.nan
    return result


def test_every_row_is_what_nearest_probes_finds(result: xr.DataArray) -> None:
    top = top_probes(result, 4)
    assert top["value"].dims == top["place"].dims == ("source", "rank")
    assert top.attrs == result.attrs
    for source in range(12):
        nearest = nearest_probes(result, result["source"].values[source], 4)
        places = top["place"].values[source]
        assert top["probe"].values[places].tolist() == nearest["probe"].values.tolist()
        assert top["probe_label"].values[places].tolist() == nearest["probe_label"].values.tolist()
        np.testing.assert_array_equal(top["value"].values[source], np.float32(nearest.values))


def test_come_back_from_their_store_as_they_were(result: xr.DataArray, tmp_path: Path) -> None:
    top = top_probes(result, 20)
    path = save_top_probes(top, tmp_path / "top.zarr")
    opened = open_top_probes(path, verify="checksums")
    xr.testing.assert_identical(opened, top)
    assert {str(name): each.dtype for name, each in opened.variables.items()} == {
        str(name): each.dtype for name, each in top.variables.items()
    }
    images = [read_thumbnails(each["probe"], "probe") for each in (opened, result)]
    np.testing.assert_array_equal(*images)


def test_replaces_only_top_probes_and_only_if_told(result: xr.DataArray, tmp_path: Path) -> None:
    path = save_top_probes(top_probes(result, 2), tmp_path / "top.zarr")
    with pytest.raises(StoreError, match="exists already; choose another path or overwrite it"):
        save_top_probes(top_probes(result, 3), path)
    save_top_probes(top_probes(result, 3), path, overwrite=True)
    assert open_top_probes(path).sizes["rank"] == 3
    other = save_result(result, tmp_path / "result.zarr")
    with pytest.raises(StoreError, match="holds a result and no top probes; open it with"):
        save_top_probes(top_probes(result, 3), other, overwrite=True)


@pytest.mark.parametrize(
    ("damage", "verify", "message"),
    [("remove", "sizes", "missing"), ("change", "checksums", "changed since they were written")],
)
def test_refuses_a_damaged_store(
    result: xr.DataArray, tmp_path: Path, damage: str, verify: str, message: str
) -> None:
    path = save_top_probes(top_probes(result, 2), tmp_path / "top.zarr")
    tile = next(path.glob("place/c/*/*"))
    if damage == "remove":
        tile.unlink()
    else:
        content = bytearray(tile.read_bytes())
        content[-1] ^= 1
        tile.write_bytes(content)
    with pytest.raises(StoreError, match=message):
        open_top_probes(path, verify=verify)


def test_refuses_a_store_that_was_not_finished(result: xr.DataArray, tmp_path: Path) -> None:
    path = save_top_probes(top_probes(result, 2), tmp_path / "top.zarr")
    metadata = json.loads((path / "zarr.json").read_text())
    metadata["attributes"]["neurashed"]["complete"] = False
    (path / "zarr.json").write_text(json.dumps(metadata))
    with pytest.raises(StoreError, match="was not written to its end"):
        open_top_probes(path)


def test_refuses_shapes_that_do_not_fit(result: xr.DataArray) -> None:
    with pytest.raises(InputError, match=r"values have shape .*give one row of both for each"):
        label_top_probes(np.zeros((3, 2)), np.zeros((3, 2), int), like=result)
