"""The benchmarks count and judge as their page says, and start."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Load = Callable[[str], Any]
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import one of the benchmarks' files by name; forget them all afterwards.

    Yields:
        The function that imports.
    """
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield importlib.import_module
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").parent == BENCHMARKS:
            del sys.modules[name]


def test_operations_of_a_two_layer_network_by_hand(load: Load):
    size = load("operations").LayerSize
    first, last = size(num_inputs=3, num_outputs=5, positions=1), size(5, 1, 1)
    num_pairs = 4 * 5 // 2
    assert first.product == 2 * 3 * 5
    assert first.block(4, 1) == num_pairs * 2 * (3 + 5 + 1)
    assert last.block(4, 1) == 4 * last.product + num_pairs * 2 * 5


def test_operations_of_a_convolution_take_the_cheaper_contraction(load: Load):
    size = load("operations").LayerSize
    few_positions = size(num_inputs=1000, num_outputs=1000, positions=2)
    many_positions = size(num_inputs=9, num_outputs=4, positions=1000)
    assert few_positions.block(1, 1) == 2 * 4 * 2001
    assert many_positions.block(1, 1) == many_positions.product + 2 * 36


def test_operations_of_the_mlp(load: Load):
    workloads, networks = load("workloads"), load("torch_networks")
    workload = workloads.WORKLOADS["mlp"]
    model = networks.build_network(workload.network, workload.num_outputs)
    counted = load("operations").count_operations(workload, model)
    products = 1000 * 2 * (784 * 512 + 512 * 512 + 512 + 512 * 512 + 512)
    block = 500_500 * 2 * (784 + 512 + 1 + 512 + 512 + 1)
    last = 1000 * 2 * 512 + 500_500 * 2 * 512
    assert counted == products + block + last


def _results(load: Load, **changes: float) -> Any:  # noqa: ANN401
    results = load("results")
    ours = {"seconds": 1.0, "num_timed": 3, "peak": int(1e9), "relative_error": 1e-7}
    right = results.Outcome("torch.func, in chunks", False, "", 120.0, 3, relative_error=1e-7)
    wrong = results.Outcome("peer", True, "", 0.5, 3, relative_error=0.2)
    outcomes = (results.Outcome("neurashed", False, **{**ours, **changes}), right, wrong)
    workload = results.WorkloadResults("mlp", "Kernel", 1000, int(6e9), outcomes)
    machine = {"cores": 2}
    return results.Results("now", "command", "abc", machine, 1e10, "note", workloads=(workload,))


def test_targets_reached(load: Load):
    targets = load("targets").check_targets(_results(load))
    assert [t.is_reached for t in targets] == [True] * 4
    assert targets[0].found == "120 (torch.func, in chunks)"


def test_targets_missed(load: Load):
    found = _results(load, seconds=2.0, peak=int(2e9), relative_error=1e-4)
    assert [t.is_reached for t in load("targets").check_targets(found)] == [False] * 4


def test_a_wrong_matrix_is_flagged_and_beats_nobody(load: Load):
    found = _results(load)
    table = load("tables").markdown_table(found.workloads[0], found)
    assert "| peer | 500 ms | 0.5 | 0.00 GB | 0.00 GB | 120.0% | 2e-01 | WRONG" in table
    assert not any("every peer" in t.demand for t in load("targets").check_targets(found))


def test_results_are_stored_and_read_back(load: Load, tmp_path: Path):
    results, found = load("results"), _results(load)
    results.save_results(found, tmp_path / "deep" / "found.json")
    assert results.load_results(tmp_path / "deep" / "found.json") == found


def test_a_quick_run_agrees_with_float64():
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--quick", "--workload", "mlp"]
    done = subprocess.run(
        [*command, "--contender", "plain loop"], capture_output=True, text=True, check=True
    )
    assert "plain loop" in done.stdout
    assert "WRONG" not in done.stdout
    assert "matrix-product rate:" in done.stdout


def test_the_page_takes_the_results_of_a_run_and_keeps_the_rest(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    load("results").save_results(_results(load), tmp_path / "found.json")
    write_docs = load("write_docs")
    page = tmp_path / "benchmarks.md"
    page.write_text(write_docs.PAGE.read_text())
    monkeypatch.setattr(write_docs, "PAGE", page)
    before = page.read_text().split(write_docs.BEGIN)[0]
    write_docs.write_docs(tmp_path / "found.json")
    once = page.read_text()
    write_docs.write_docs(tmp_path / "found.json")
    assert page.read_text() == once
    assert once.startswith(before)
    assert "| neurashed | 1 s | 1 | 1.00 GB |" in once
