"""Versions, machine and commit are found, and their lack is no error."""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from neurashed.results import collect_provenance
from neurashed.results.provenance import collect_commit, collect_versions


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@y.z", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_provenance_is_json_and_says_when_and_with_what(tmp_path: Path):
    provenance = collect_provenance(tmp_path)
    assert json.loads(json.dumps(provenance)) == provenance
    assert datetime.fromisoformat(provenance["created"]).utcoffset() == timedelta(0)
    assert provenance["versions"]["numpy"] == np.__version__
    assert provenance["machine"]["cores"] >= 1
    assert provenance["machine"]["cpu"]


def test_versions_do_not_import_torch():
    code = (
        "import sys, neurashed.results as r; v = r.collect_provenance()['versions'];"
        "assert 'torch' in v and 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "torch" in collect_versions()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_commit_is_found_and_changes_are_noticed(tmp_path: Path):
    _git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1", encoding="utf-8")
    _git(tmp_path, "add", "a")
    _git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "untracked").write_text("1", encoding="utf-8")
    commit = collect_commit(tmp_path)
    assert commit is not None
    assert len(commit["id"]) == 40
    assert commit["dirty"] is False
    (tmp_path / "a").write_text("2", encoding="utf-8")
    assert collect_commit(tmp_path) == {"id": commit["id"], "dirty": True}


def test_no_commit_outside_of_a_repository_or_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert collect_commit(tmp_path) is None
    assert collect_commit(tmp_path / "missing") is None
    monkeypatch.setenv("PATH", os.devnull)
    assert collect_commit() is None
