"""Streamed matrices are timed, checked against float64 and put into the page."""

import json
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

Load = Callable[[str], Any]
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("scaling")
    command = [sys.executable, str(BENCHMARKS / "scaling_worker.py"), "mlp-1k"]
    options = [str(folder / "found.json"), "--quick", "--dtype", "float16", "--store", str(folder)]
    subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert [path.name for path in folder.iterdir()] == ["found.json"]
    return json.loads((folder / "found.json").read_text())


def test_a_streamed_matrix_agrees_with_float64_and_says_what_it_took(streaming: dict[str, Any]):
    assert streaming["num_examples"] == 24
    assert 1e-6 < streaming["relative_error"] < 2**-11
    assert streaming["is_noise"]
    assert streaming["wall"] > streaming["products"] > 0
    assert streaming["on_disk"] > 24 * 24
    assert streaming["peak"] > streaming["above_imports"] > 0


def test_share_and_prediction_by_hand(load: Load, streaming: dict[str, Any]):
    changes = {"operations": 6.0, "planned_operations": 8.0, "rate": 2.0}
    job = load("scaling_jobs").Streaming(**streaming | changes | {"passes": 1.0, "products": 5.0})
    assert job.share == 0.5
    assert job.predicted == 4.0


def test_the_tables_of_a_run(load: Load, streaming: dict[str, Any]):
    record = {"created": "now", "command": "scaling", "machine": {"cores": 2}, "jobs": [streaming]}
    text = load("scaling").describe(record | {"device": "cpu", "device_name": "processor"})
    assert "Run of now by `scaling` on processor." in text
    assert "Noise in place of images: mlp-1k." in text
    assert text.count("| 784-512-512-1 | 24 |") == 2


def test_a_run_is_stored_and_its_part_of_the_page_written(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streaming: dict[str, Any]
):
    scaling, job = load("scaling"), load("scaling_jobs").Streaming(**streaming)
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- scaling on a GPU: begin -->\n<!-- scaling on a GPU: end -->\n")
    monkeypatch.setattr(scaling, "PAGE", page)
    arguments = Namespace(quick=False, only=[], out=tmp_path / "deep" / "found.json")
    record = {"created": "now", "command": "scaling", "machine": {"cores": 2}}
    record |= {"device": "cuda", "device_name": "some GPU", "jobs": [asdict(job)]}
    scaling.store(record, arguments)
    assert json.loads(arguments.out.read_text()) == record
    assert "on some GPU" in page.read_text()
