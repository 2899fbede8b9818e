"""The papers and their parts: listed without loading them, each with help and an example."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from neurashed.cli import app
from neurashed.cli.reproduce import HE_SU_2020

RUNNER = CliRunner()


@pytest.mark.parametrize("arguments", [["reproduce"], ["reproduce", "he-su-2020"]])
def test_lists_are_shown_without_loading_torch(arguments: list[str]):
    script = (
        "import sys, neurashed.cli\n"
        f"try: neurashed.cli.app({[*arguments, '--help']})\n"
        "except SystemExit: print([name for name in ('torch', 'xarray') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.rstrip().endswith("[]")


def test_the_paper_lists_its_parts():
    shown = " ".join(RUNNER.invoke(app, ["reproduce", "he-su-2020", "--help"]).output.split())
    assert "The Local Elasticity of Neural Networks" in shown
    for name, summary in HE_SU_2020.items():
        assert f"{name} {summary.split()[0]}" in shown


@pytest.mark.parametrize("part", HE_SU_2020)
def test_every_part_has_help_with_an_example(part: str):
    outcome = RUNNER.invoke(app, ["reproduce", "he-su-2020", part, "--help"], terminal_width=200)
    text = " ".join(outcome.output.split())
    assert outcome.exit_code == 0
    assert HE_SU_2020[part] in text
    assert f"Example: neurashed reproduce he-su-2020 {part}" in text


def test_an_unknown_part_suggests_a_near_one():
    outcome = RUNNER.invoke(app, ["reproduce", "he-su-2020", "pretraned"])
    assert outcome.exit_code == 2
    assert "Did you mean 'pretrained'?" in outcome.output


def test_an_unknown_paper_is_a_mistake():
    outcome = RUNNER.invoke(app, ["reproduce", "he-su-2021"])
    assert outcome.exit_code == 2
    assert "he-su-2020" in outcome.output
