"""Run folders: what they record, when they resume, what they refuse."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from result_cases import random_result

from neurashed.errors import InputError, InputTypeError, StoreError
from neurashed.results import RunFolder, collect_provenance, open_result


@dataclass(frozen=True)
class _Settings:
    measure: str = "relative"
    patterns: tuple[str, ...] = ("*",)


def _create(path: Path, **changes: object) -> RunFolder:
    arguments = {"settings": _Settings(), "seeds": {"training": 1}, "data": {"sources": "abc"}}
    return RunFolder.create(path, **(arguments | changes))


def test_a_run_records_what_was_asked_and_holds_its_results(tmp_path: Path):
    run = _create(tmp_path / "run")
    run.add_result("relative", random_result(1))
    run.add_result("at start", random_result(2))
    run.finish()
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["settings"] == {"measure": "relative", "patterns": ["*"]}
    assert record["seeds"] == {"training": 1}
    assert record["data"] == {"sources": "abc"}
    assert record["results"] == {
        "relative": "results/relative.zarr",
        "at start": "results/at start.zarr",
    }
    assert record["finished"] is True
    assert {"created", "versions", "machine", "commit", "run_version"} <= set(record)
    again = RunFolder.open(tmp_path / "run")
    assert again.record == run.record
    assert again.finished == ("relative", "at start")
    assert again.main_name == "relative"
    assert again.main.identical(random_result(1))
    assert again.result("at start", verify="checksums").identical(random_result(2))
    assert open_result(tmp_path / "run").identical(random_result(1))


def test_a_finished_run_is_kept_unless_asked(tmp_path: Path):
    run = _create(tmp_path)
    run.add_result("relative", random_result(1))
    run.finish()
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match="finished run; choose another folder or overwrite it"):
        _create(tmp_path)
    again = _create(tmp_path, overwrite=True)
    assert again.finished == ()
    assert not (tmp_path / "results" / "relative.zarr").exists()
    assert (tmp_path / "notes.txt").exists()


def test_a_finished_run_is_taken_as_it_is_by_who_repeats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = _create(tmp_path)
    run.add_result("relative", random_result(1))
    assert not _create(tmp_path, repeats=True).record.finished
    run.finish()
    assert _create(tmp_path, repeats=True).record == run.record
    changes = {
        "measure": {"settings": _Settings("cosine")},
        "training": {"seeds": {"training": 2}},
        "sources": {"data": {"sources": "other"}},
    }
    for name, changed in changes.items():
        with pytest.raises(StoreError, match=f"holds a finished run with other {name}; choose"):
            _create(tmp_path, repeats=True, **changed)
    newer = {**collect_provenance(), "versions": {"neurashed": "9"}}
    monkeypatch.setattr("neurashed.results.run.collect_provenance", lambda: newer)
    with pytest.raises(StoreError, match="holds a finished run with other versions; choose"):
        _create(tmp_path, repeats=True)
    assert RunFolder.open(tmp_path).record == run.record


def test_a_killed_run_is_resumed(tmp_path: Path):
    run = _create(tmp_path)
    run.add_result("first", random_result(1))
    run.add_result("second", random_result(2))
    (tmp_path / "results" / "second.zarr" / "zarr.json").unlink()
    leftover = tmp_path / "results" / ".third.zarr.1234.partial"
    leftover.mkdir()
    again = _create(tmp_path)
    assert again.finished == ("first",)
    assert not leftover.exists()
    again.add_result("second", random_result(3))
    assert again.finished == ("first", "second")
    assert again.main.identical(random_result(1))


def test_a_killed_run_that_was_asked_something_else_is_not_resumed(tmp_path: Path):
    _create(tmp_path)
    changes = {
        "measure, patterns": {"settings": {}},
        "training": {"seeds": {}},
        "sources": {"data": {"sources": "other"}},
    }
    for names, changed in changes.items():
        message = rf"unfinished run with other settings, seeds or data \({names}\); choose another"
        with pytest.raises(StoreError, match=message):
            _create(tmp_path, **changed)
    assert _create(tmp_path, settings={"a": 1}, overwrite=True).record.settings == {"a": 1}


def test_adding_a_result_again_replaces_it(tmp_path: Path):
    run = _create(tmp_path)
    run.add_result("relative", random_result(1))
    run.add_result("relative", random_result(2))
    assert run.main.identical(random_result(2))
    assert list(run.record.results) == ["relative"]


def test_foreign_folders_and_files_are_left_alone(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(StoreError, match="is no run folder and not empty"):
            _create(path, overwrite=True)
    with pytest.raises(StoreError, match="cannot write"):
        _create(tmp_path / "notes.txt" / "run")
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_settings_must_fit_into_json(tmp_path: Path):
    with pytest.raises(InputTypeError, match=r"settings\['model'\] holds a object"):
        _create(tmp_path / "run", settings={"model": object()})
    assert not (tmp_path / "run").exists()


def test_what_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(StoreError, match=r"is no run folder: it has no run.json"):
        RunFolder.open(tmp_path)
    run = _create(tmp_path)
    with pytest.raises(StoreError, match="holds a run without results"):
        open_result(tmp_path)
    run.add_result("relative", random_result())
    with pytest.raises(StoreError, match=r"has no result 'cosine'; it has \['relative'\]"):
        run.result("cosine")
    for name in ("../escape", "", ".hidden", "a/b"):
        with pytest.raises(InputError, match="use letters, digits"):
            run.add_result(name, random_result())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"run_version": 1, "sett', "cannot be read"),
        ("{}", "cannot be read"),
        ("[1]", "cannot be read"),
        ('{"run_version": 7}', "has version 7 and this version of Neurashed reads up to 1"),
        ('{"run_version": 1, "settings": {}, "colour": 1}', "is not as Neurashed writes it"),
    ],
)
def test_a_damaged_run_file_is_named(tmp_path: Path, content: str, message: str):
    (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(StoreError, match=message):
        open_result(tmp_path)


def _damage(run: RunFolder, name: str) -> None:
    """Change one bit of a tile of a result."""
    tiles = (run.path / "results" / f"{name}.zarr").glob("**/c/**/*")
    tile = next(each for each in sorted(tiles) if each.is_file())
    content = bytearray(tile.read_bytes())
    content[len(content) // 2] ^= 1
    tile.write_bytes(bytes(content))


def test_a_damaged_result_is_refused_and_made_again(tmp_path: Path):
    run = _create(tmp_path / "run")
    run.add_result("first", random_result(1))
    run.add_result("second", random_result(2))
    _damage(run, "second")
    again = RunFolder.open(tmp_path / "run")
    assert again.finished == ("first",)
    with pytest.raises(StoreError, match="changed since they were written"):
        again.result("second")
    again.add_result("second", random_result(2))
    assert again.finished == ("first", "second")


def test_adding_a_result_looks_at_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = _create(tmp_path / "run")
    run.add_result("first", random_result(1))
    opened = []
    monkeypatch.setattr("neurashed.results.run.open_store", lambda path, _: opened.append(path))
    run.add_result("second", random_result(2))
    assert opened == []
