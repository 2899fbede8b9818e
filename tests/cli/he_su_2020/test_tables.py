"""``neurashed reproduce he-su-2020 tables`` from end to end, on the digits."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from neurashed.cli import app
from neurashed.results import RunFolder


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reproduce", "he-su-2020", "tables", *arguments])


def test_quick_shows_one_pair_of_digits(tmp_path: Path):
    out = tmp_path / "run"
    outcome = invoke("--quick", "--seeds", "0", "--out", str(out))
    assert outcome.exit_code == 0, outcome.output
    assert "ReLU, MSE, kernelized" in outcome.stdout
    assert "Not run yet: 5 of 16 cells." in outcome.stdout
    assert f"Table: {out / 'tables.md'}" in outcome.stdout
    assert "| k-means | 1 | 98.3 |" in (out / "tables.md").read_text()
    assert not RunFolder.open(out).record.finished


def test_it_answers_a_script_and_goes_on_where_it_was(tmp_path: Path):
    arguments = ("--quick", "--out", str(tmp_path / "run"), "--json", "--width", "8")
    first = invoke(*arguments, "--approaches", "k_means", "--seeds", "0")
    both = invoke(*arguments, "--approaches", "k_means, pca", "--seeds", "0,1")
    answers = [
        {cell["row"]: cell["num_seeds"] for cell in json.loads(each.stdout)["cells"]}
        for each in (first, both)
    ]
    assert (answers[0]["k_means"], answers[0]["pca"]) == (1, 0)
    assert (answers[1]["k_means"], answers[1]["pca"]) == (2, 2)
    assert RunFolder.open(tmp_path / "run").record.settings["width"] == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no images are given; name a folder with --mnist or --cifar10, or try --quick"),
        (("--quick", "--mnist", "x"), "leave out --mnist, --cifar10"),
        (("--quick", "--seeds", "0;1"), "seeds are '0;1'; write whole numbers with commas"),
        (("--mnist", "x", "--tasks", "8v5"), "there is no task '8v5'"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], message: str, tmp_path: Path):
    outcome = invoke("--out", str(tmp_path / "run"), *arguments)
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.stderr.split())
