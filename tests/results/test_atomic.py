"""A target holds the old content or the new, whatever fails in between."""

from pathlib import Path

import pytest

from neurashed.results.atomic import building_folder, write_json


def test_a_new_folder_takes_the_place_of_the_old(tmp_path: Path):
    target = tmp_path / "target"
    for content in ("old", "new"):
        with building_folder(target) as folder:
            assert folder.parent == tmp_path, "renaming needs the same file system"
            (folder / content).write_text(content, encoding="utf-8")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_the_old_folder_comes_back_if_the_last_rename_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").touch()
    rename = Path.rename

    def fail_once(path: Path, to: Path) -> Path:
        if path.joinpath("new").exists():
            raise OSError(5, "Input/output error")
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", fail_once)
    with (
        pytest.raises(OSError, match="Input/output error"),
        building_folder(target) as folder,
    ):
        (folder / "new").touch()
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]


def test_json_that_cannot_be_written_leaves_the_old(tmp_path: Path):
    path = tmp_path / "file.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(path, {"a": float("nan")})
    assert path.read_text(encoding="utf-8") == '{\n  "a": 1\n}\n'
    assert list(tmp_path.iterdir()) == [path]
