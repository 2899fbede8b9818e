"""Only what is missing or damaged is computed, and damage never goes unseen."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tiled_cases import (
    NUM_TILES,
    content_checksum,
    digest_tiles,
    done_tiles,
    interrupt,
    refused,
    stream,
    tile_file,
)

import neurashed as ns
from neurashed.elasticity import Streamed
from neurashed.errors import StoreError
from neurashed.results.tiled import Journal, journal_of


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Streamed:
    """The job, never interrupted."""
    return stream(tmp_path_factory.mktemp("whole") / "s.zarr")


def test_only_missing_tiles_are_computed(tmp_path: Path, whole: Streamed):
    assert (whole.num_tiles, whole.num_computed) == (NUM_TILES, NUM_TILES)
    interrupt(tmp_path / "s.zarr", 9)
    done = done_tiles(tmp_path / "s.zarr")
    assert stream(tmp_path / "s.zarr").num_computed == NUM_TILES - len(done) < NUM_TILES
    assert digest_tiles(tmp_path / "s.zarr") == digest_tiles(whole.path)
    assert content_checksum(tmp_path / "s.zarr") == content_checksum(whole.path)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def swap(path: Path) -> None:
    other = path.with_name("0" if path.name != "0" else "1")
    ours, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(ours)


DAMAGES = {
    "flipped": (lambda path: flip(path, 0), 1),
    "cut": (cut, 1),
    "removed": (Path.unlink, 1),
    "emptied": (lambda path: path.write_bytes(b""), 1),
    "swapped": (swap, 2),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_tile_is_computed_again(damage: str, tmp_path: Path, whole: Streamed):
    store = tmp_path / "s.zarr"
    interrupt(store, 12)
    missing = NUM_TILES - len(done_tiles(store))
    act, num_damaged = DAMAGES[damage]
    act(tile_file(store, 2, 1))
    assert stream(store).num_computed == missing + num_damaged
    assert digest_tiles(store) == digest_tiles(whole.path)


@pytest.mark.parametrize("name", ["00002-00001.npz", "00002-00001.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "removed"])
def test_damaged_record_is_computed_again(name: str, damage: str, tmp_path: Path, whole: Streamed):
    store = tmp_path / "s.zarr"
    interrupt(store, 12)
    missing = NUM_TILES - len(done_tiles(store))
    path = journal_of(store) / "done" / name
    act = DAMAGES[damage][0] if damage != "flipped" else lambda path: flip(path, 150)
    act(path)
    again = stream(store)
    assert again.num_computed == missing + 1
    xr.testing.assert_equal(again.top_probes, whole.top_probes)
    assert digest_tiles(store) == digest_tiles(whole.path)


def test_every_byte_of_a_record_counts(tmp_path: Path):
    journal = Journal.begin(tmp_path / "s.zarr", {})
    journal.add("a", {"undefined": 0, "error": 0.25}, {"x": np.arange(3.0)})
    journal.close()
    record = journal.folder / "done" / "a.json"
    assert journal.read()["a"]["undefined"] == 0
    content = record.read_bytes()
    for place in range(len(content)):
        if not chr(content[place]).isspace():
            flip(record, place)
            assert "a" not in journal.read(), chr(content[place])
            record.write_bytes(content)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_whole_store_is_refused(damage: str, tmp_path: Path):
    store = stream(tmp_path / "s.zarr").path
    lazy = ns.open_result(store)
    DAMAGES[damage][0](tile_file(store, 2, 1))
    with refused(r"is damaged: \d of its files .*kernelized/c/2/[01]; copy the whole folder again"):
        ns.open_result(store, verify="checksums")
    assert np.isfinite(lazy[24:, 8:16].values).all()
    if damage != "swapped":  # two whole tiles: only their checksums say that they are not these
        for part in (lazy[17, 9], lazy[16:20], lazy[:, 12]):
            with refused("tile 00002-00001 of .*s.zarr is damaged .*; copy the whole folder"):
                part.load()


@pytest.mark.parametrize("name", ["row_scale/c/2/1", "kernelized/c/2/1"])
def test_no_byte_of_a_tile_changes_unseen(name: str, tmp_path: Path):
    store = stream(tmp_path / "s.zarr").path
    expected = ns.open_result(store)[16:24, 8:16].values
    path = store / name
    content = path.read_bytes()
    for place in range(len(content)):
        flip(path, place)
        try:
            found = ns.open_result(store)[16:24, 8:16].values
        except StoreError:
            continue
        finally:
            path.write_bytes(content)
        np.testing.assert_array_equal(found, expected, err_msg=f"byte {place}")


def test_damaged_job_file(tmp_path: Path):
    store = tmp_path / "s.zarr"
    interrupt(store, 5)
    flip(journal_of(store) / "job.json", 60)
    with refused(r"job.json is damaged, so nothing says .* begin again \(overwrite=True"):
        stream(store)
    assert stream(store, overwrite=True).num_computed == NUM_TILES


def test_stamp_of_tiles_that_this_version_cannot_read(tmp_path: Path):
    store = stream(tmp_path / "s.zarr").path
    metadata = json.loads((store / "zarr.json").read_text())
    metadata["attributes"]["neurashed"]["tiles"]["storage"]["dtype"] = "int3"
    (store / "zarr.json").write_text(json.dumps(metadata))
    with refused("says of its tiles what this version cannot read"):
        ns.open_result(store)
