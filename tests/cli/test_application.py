"""The group of commands: fast help, one clear line for a mistake, suggestions."""

import importlib
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Never

import pytest
import typer
from typer.testing import CliRunner

from neurashed import __version__
from neurashed.cli import app
from neurashed.cli.application import SUMMARIES
from neurashed.errors import InputError, ResolutionWarning

RUNNER = CliRunner()
Action = Callable[[], None]
Install = Callable[[Action], None]
HEAVY = ("torch", "xarray", "plotly", "matplotlib", "sklearn", "scipy")


# Lets the command `info` do what a test wants.
@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):

    def install(action: Action) -> None:
        module = importlib.import_module("neurashed.cli.info")
        stand_in = typer.Typer()
        stand_in.command()(action)
        monkeypatch.setattr(module, "app", stand_in)

    return install


def test_help_answers_in_half_a_second():
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "neurashed", "--help"], check=True, capture_output=True
        )
        return time.perf_counter() - start

    # The best of a few: other work on the machine is no fault of ours.
    assert min(seconds() for _ in range(4)) < 0.5


def test_help_imports_nothing_heavy():
    script = (
        "import sys, neurashed.cli\n"
        "try: neurashed.cli.app(['--help'])\n"
        f"except SystemExit: print([name for name in {HEAVY} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.rstrip().endswith("[]")


def test_help_lists_every_command():
    shown = " ".join(RUNNER.invoke(app, ["--help"]).output.split())
    for name, summary in SUMMARIES.items():
        assert name in shown
        assert summary.split()[0] in shown


@pytest.mark.parametrize("command", SUMMARIES)
def test_every_command_has_help_with_an_example(command: str):
    outcome = RUNNER.invoke(app, [command, "--help"], terminal_width=200)
    text = " ".join(outcome.output.split())
    assert outcome.exit_code == 0
    assert SUMMARIES[command] in text
    assert f"Example: neurashed {command}" in text


def test_version():
    assert RUNNER.invoke(app, ["--version"]).output.strip() == __version__


def test_unknown_command_suggests_a_near_one():
    outcome = RUNNER.invoke(app, ["mesure"])
    assert outcome.exit_code == 2
    assert "Did you mean 'measure'?" in outcome.output


def test_mistake_is_one_line_and_exit_code_2(failing: Install):
    def fail() -> Never:
        message = "lr is [-1]; give a finite learning rate"
        raise InputError(message)

    failing(fail)
    outcome = RUNNER.invoke(app, ["info"])
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert outcome.stderr == "Error: lr is [-1]; give a finite learning rate\n"


@pytest.mark.parametrize("way", ["option", "environment"])
def test_debug_shows_where_a_mistake_was_raised(
    failing: Install, way: str, monkeypatch: pytest.MonkeyPatch
):
    def fail() -> Never:
        message = "shown whole"
        raise InputError(message)

    failing(fail)
    if way == "environment":
        monkeypatch.setenv("NEURASHED_DEBUG", "1")
    outcome = RUNNER.invoke(app, ["--debug", "info"] if way == "option" else ["info"])
    assert isinstance(outcome.exception, InputError)


def test_a_fault_of_ours_is_not_hidden(failing: Install):
    def fail() -> Never:
        message = "a bug"
        raise ZeroDivisionError(message)

    failing(fail)
    assert isinstance(RUNNER.invoke(app, ["info"]).exception, ZeroDivisionError)


def test_interruption_exits_with_130(failing: Install):
    def interrupt() -> Never:
        raise KeyboardInterrupt

    failing(interrupt)
    outcome = RUNNER.invoke(app, ["info"])
    assert outcome.exit_code == 130
    assert "Traceback" not in outcome.output


def test_warning_is_one_line_without_code(failing: Install):
    def warn() -> None:
        warnings.simplefilter("always")
        warnings.warn("3 % of responses drown", ResolutionWarning, stacklevel=1)

    failing(warn)
    outcome = RUNNER.invoke(app, ["info"])
    assert outcome.exit_code == 0
    assert outcome.stderr == "Warning: 3 % of responses drown\n"
