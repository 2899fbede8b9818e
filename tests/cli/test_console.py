"""What the commands print with."""

import json
import warnings

import pytest

from neurashed.cli.console import print_json, show_progress, show_warning


def test_json_has_null_for_undefined(capsys: pytest.CaptureFixture[str]):
    print_json({
        "value": float("nan"),
        "row": [1.0, float("nan")],
        "deep": {"x": (2, float("nan"))},
    })
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"value": None, "row": [1.0, None], "deep": {"x": [2, None]}}


def test_progress_is_quiet_without_a_terminal(capsys: pytest.CaptureFixture[str]):
    with show_progress() as progress:
        assert list(progress([3, 1, 2], description="Tiles", weights=[1.0, 5.0, 1.0])) == [3, 1, 2]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_progress_shows_a_bar_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with show_progress() as progress:
        inner = []
        for _ in progress([1, 2], description="Tiles"):
            inner += progress([1], description="Layers")
    assert inner == [1, 1]
    assert "Tiles" in capsys.readouterr().err


def test_foreign_warning_says_where(capsys: pytest.CaptureFixture[str]):
    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        warnings.simplefilter("always")
        warnings.warn_explicit("old name", DeprecationWarning, "their_code.py", 7)
    assert capsys.readouterr().err == "Warning: old name (their_code.py:7)\n"


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_json_has_null_for_infinity(capsys: pytest.CaptureFixture[str], value: float):
    print_json({"value": value})
    assert json.loads(capsys.readouterr().out) == {"value": None}
