"""Results on disk: round trips bit for bit, and every damage is found and named."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from result_cases import random_result

from neurashed.errors import InputError, StoreError
from neurashed.results import (
    AxisLabels,
    content_checksum,
    label_elasticity,
    open_result,
    read_thumbnails,
    save_result,
)
from neurashed.results import store as store_module
from neurashed.results.manifest import Verify

STRANGE = np.array(["", "naïve 日本 \U0001f600", "<script>alert(1)</script>", "a\nb\0c\t' \""])


def _strange_result(dtype: str = "float64") -> xr.DataArray:
    values = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, np.finfo(dtype).tiny / 4, 1 / 3, 1e30])
    values = np.resize(values, (2, 4, 3)).astype(dtype)
    sources = AxisLabels(STRANGE, labels=STRANGE, fine_labels=STRANGE[::-1], texts=STRANGE)
    images = np.random.default_rng(0).integers(256, size=(3, 5, 4, 3)).astype(np.uint8)
    probes = AxisLabels(np.array([2**62, -5, 0]), thumbnails=images)
    return label_elasticity(
        values,
        sources=sources,
        probes=probes,
        name="kernelized",
        units="logit",
        provenance={"nested": {"list": [1, None, True, "ß"], "nan": float("nan")}},
        extra_dims={"layer": np.array(["fc1", "fc2"])},
        source_coords={"self_response": np.array([np.nan, 1, 0, 2], dtype=dtype)},
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("verify", ["sizes", "checksums"])
def test_round_trip_is_bit_for_bit(tmp_path: Path, dtype: str, verify: Verify):
    result = _strange_result(dtype)
    path = save_result(result, tmp_path / "new" / "result.zarr")
    back = open_result(path, verify=verify)
    assert content_checksum(back) == content_checksum(result)
    assert back.values.tobytes() == result.values.tobytes()
    assert back.dtype == result.dtype
    assert back.attrs == result.attrs
    assert back.identical(result)
    assert back["source"].dtype.kind == "U"
    assert back["probe"].dtype == np.int64
    assert np.array_equal(read_thumbnails(back, "probe"), read_thumbnails(result, "probe"))


def test_values_are_read_when_used(tmp_path: Path):
    result = random_result()
    back = open_result(save_result(result, tmp_path / "r.zarr"))
    assert not back.variable._in_memory
    part = back.sel(source="x3")
    assert np.array_equal(part.values, result.sel(source="x3").values)


def test_a_store_is_ordinary_zarr_v3_in_compressed_tiles(tmp_path: Path):
    result = random_result(num_examples=1100)
    path = save_result(result, tmp_path / "r.zarr")
    group = zarr.open_group(path, mode="r", zarr_format=3)
    array = group["relative"]
    assert array.chunks == (550, 550)
    assert "zstd" in str(array.compressors).lower()
    assert group.attrs["neurashed"]["complete"] is True
    assert group.attrs["neurashed"]["content_sha256"] == content_checksum(result)


@pytest.mark.parametrize("units", ["seconds", "days since 2000-01-01"])
def test_units_are_a_label(tmp_path: Path, units: str):
    result = random_result().round().assign_attrs(units=units)
    assert open_result(save_result(result, tmp_path / "r.zarr")).identical(result)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_tiles_of_fill_values_are_written_and_missed(tmp_path: Path, value: float):
    result = random_result()
    path = save_result(result.copy(data=np.full(result.shape, value)), tmp_path / "r.zarr")
    (path / "relative" / "c" / "0" / "0").unlink()
    with pytest.raises(StoreError, match="1 of its files are missing"):
        open_result(path)


def test_an_existing_result_is_kept_unless_asked(tmp_path: Path):
    first, second = random_result(1), random_result(2)
    path = save_result(first, tmp_path / "r.zarr")
    with pytest.raises(StoreError, match="exists already; choose another path or overwrite it"):
        save_result(second, path)
    assert open_result(path).identical(first)
    save_result(second, path, overwrite=True)
    assert open_result(path).identical(second)
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.zarr"]


def test_a_lazily_opened_result_may_replace_itself(tmp_path: Path):
    path = save_result(random_result(), tmp_path / "r.zarr")
    save_result(open_result(path)[::-1], path, overwrite=True)
    assert open_result(path).identical(random_result()[::-1])


@pytest.mark.parametrize("what", ["file", "folder", "foreign store"])
def test_what_is_no_result_is_never_replaced(tmp_path: Path, what: str):
    path = tmp_path / "precious"
    if what == "file":
        path.write_text("precious", encoding="utf-8")
    elif what == "folder":
        path.mkdir()
    else:
        zarr.create_group(path)
    with pytest.raises(StoreError, match="is no whole result, so it is not replaced"):
        save_result(random_result(), path, overwrite=True)
    assert path.exists()


def test_only_results_are_saved(tmp_path: Path):
    with pytest.raises(InputError, match="dimensions"):
        save_result(random_result().transpose(), tmp_path / "r.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot write .*; choose a folder that can be written"):
        save_result(random_result(), tmp_path / "file" / "r.zarr")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot write"):
            save_result(random_result(), tmp_path / "r.zarr")
    finally:
        tmp_path.chmod(0o700)


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = save_result(random_result(1), tmp_path / "r.zarr")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "_write_stamp", fail)
    with pytest.raises(StoreError, match="No space left on device"):
        save_result(random_result(2), path, overwrite=True)
    with pytest.raises(StoreError, match="No space left on device"):
        save_result(random_result(2), tmp_path / "other.zarr")
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.zarr"]
    assert open_result(path).identical(random_result(1))


def test_a_killed_writer_leaves_no_result(tmp_path: Path):
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]);"
        "from result_cases import random_result; from neurashed.results import store;"
        "store._write_stamp = lambda *_: os._exit(9);"
        "store.save_result(random_result(), sys.argv[2] + '/r.zarr')"
    )
    tests = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
    done = subprocess.run([sys.executable, "-c", code, tests, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert [entry.suffix for entry in tmp_path.iterdir()] == [".partial"]
    with pytest.raises(StoreError, match="there is nothing at"):
        open_result(tmp_path / "r.zarr")
    with pytest.raises(StoreError, match="Neurashed did not write"):
        open_result(next(tmp_path.iterdir()))


def _edit_stamp(path: Path, **changes: object) -> None:
    metadata = path / "zarr.json"
    content = json.loads(metadata.read_text(encoding="utf-8"))
    content["attributes"]["neurashed"].update(changes)
    metadata.write_text(json.dumps(content), encoding="utf-8")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


_TILE = ("relative", "c", "0", "0")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda it: it.joinpath(*_TILE).unlink(), "1 of its files are missing, .* relative/c/0/0"),
        (lambda it: _cut(it.joinpath(*_TILE)), "are of the wrong size, .* relative/c/0/0"),
        (lambda it: shutil.rmtree(it / "probe_label"), "2 of its files are missing"),
        (lambda it: (it / "relative" / "zarr.json").unlink(), "missing, .* relative/zarr.json"),
        (lambda it: _flip(it / "relative" / "zarr.json"), "changed since they were written"),
        (lambda it: (it / "zarr.json").unlink(), "neither a Zarr v3 store .* nor a run folder"),
        (lambda it: _cut(it / "zarr.json"), "zarr.json cannot be read; copy the whole store again"),
        (lambda it: _edit_stamp(it, schema_version=99), "schema version 99 .* reads up to 1; inst"),
        (
            lambda it: _edit_stamp(it, complete=False),
            "was not written to its end; repeat the command",
        ),
        (lambda it: _edit_stamp(it, measure="cosine"), "holds no result: .*cosine"),
    ],
)
def test_damage_is_found_on_opening(tmp_path: Path, damage: Callable[[Path], object], message: str):
    path = save_result(random_result(), tmp_path / "r.zarr")
    damage(path)
    with pytest.raises(StoreError, match=message):
        open_result(path)


def test_a_changed_bit_is_found_by_checksums_or_on_reading(tmp_path: Path):
    path = save_result(random_result(), tmp_path / "r.zarr")
    _flip(path.joinpath(*_TILE))
    with pytest.raises(StoreError, match="changed since they were written"):
        open_result(path, verify="checksums")
    opened = open_result(path)
    with pytest.raises(RuntimeError, match=r"(?i)zstd"):
        opened.load()


def test_foreign_things_are_told_apart(tmp_path: Path):
    with pytest.raises(StoreError, match="there is nothing at"):
        open_result(tmp_path / "missing.zarr")
    with pytest.raises(StoreError, match="neither a Zarr v3 store"):
        open_result(tmp_path)
    zarr.create_group(tmp_path / "foreign.zarr")
    with pytest.raises(StoreError, match="a Zarr store that Neurashed did not write"):
        open_result(tmp_path / "foreign.zarr")
    (tmp_path / "file.zarr").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="neither a Zarr v3 store"):
        open_result(tmp_path / "file.zarr")
