"""The benchmarks count and judge as their page says, and start."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Load = Callable[[str], Any]
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


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


def test_operations_of_a_full_kernel_multiply_every_two_gradients(load: Load):
    layer = load("operations").LayerSize(num_inputs=3, num_outputs=5, positions=1)
    assert layer.block(4, 2, is_full=True) == 10 * 2 * (3 + 4 * 5 + 4)


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
    assert [t.is_reached for t in targets] == [True] * 5
    assert targets[0].demand.endswith("n=1,000: at least 1.8 times as fast as every peer")
    assert targets[0].found == "120 (torch.func, in chunks)"


def test_targets_missed(load: Load):
    found = _results(load, seconds=100.0, peak=int(2e9), relative_error=1e-4)
    assert [t.is_reached for t in load("targets").check_targets(found)] == [False] * 5


def test_a_wrong_matrix_is_flagged_and_beats_nobody(load: Load):
    found = _results(load)
    table = load("tables").markdown_table(found.workloads[0], found)
    assert "| peer | 500 ms | 0.5 | 0.00 GB | 0.00 GB | 120.0% | 2e-01 | WRONG" in table
    best = [t.found for t in load("targets").check_targets(found) if "every peer" in t.demand]
    assert best == ["120 (torch.func, in chunks)"]


def test_results_are_stored_and_read_back(load: Load, tmp_path: Path):
    results, found = load("results"), _results(load)
    results.save_results(found, tmp_path / "deep" / "found.json")
    assert results.load_results(tmp_path / "deep" / "found.json") == found


def test_a_quick_run_agrees_with_float64():
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--quick", "--only", "mlp"]
    done = subprocess.run(
        [*command, "--contender", "plain loop"], capture_output=True, text=True, check=True
    )
    assert "plain loop" in done.stdout
    assert "WRONG" not in done.stdout
    assert "matrix-product rate:" in done.stdout


@pytest.mark.parametrize("name", ["mlp", "mlp_60000", "mlp10_full"])
def test_the_pairs_checked_lie_in_every_quarter(load: Load, name: str):
    workload = load("workloads").WORKLOADS[name]
    runs = load("sampling").sample_runs(workload)
    quarters = [4 * run.start // workload.num_examples for run in runs]
    assert quarters == [0, 1, 2, 3]
    assert sum(run.stop - run.start for run in runs) == workload.num_checked
    assert runs[-1].stop <= workload.num_examples


def test_pairs_taken_from_a_matrix_and_from_blocks_of_outputs(load: Load):
    take_pairs = load("sampling").take_pairs
    runs = [slice(1, 3), slice(6, 7)]
    matrix = np.arange(64.0).reshape(8, 8)
    places = [1, 2, 6]
    np.testing.assert_array_equal(take_pairs(matrix, runs), matrix[np.ix_(places, places)])
    in_full = np.arange(64.0).reshape(4, 2, 4, 2)
    flat = in_full.reshape(8, 8)
    np.testing.assert_array_equal(take_pairs(in_full, [slice(1, 3)]), flat[2:6, 2:6])


def test_a_matrix_of_another_shape_is_wrong(load: Load):
    workload = load("workloads").WORKLOADS["mlp"].quick()
    error = load("sampling").relative_error(np.zeros((24, 12)), workload, np.ones((24, 24)))
    assert error == float("inf")


def test_bytes_that_the_algorithms_need(load: Load):
    registry, workload = load("registry"), load("workloads").WORKLOADS["mlp_60000"]
    needs = {
        contender.name: registry.least_bytes(contender, workload, 669_185)
        for contender in registry.CONTENDERS
    }
    matrix = 4 * 60_000**2
    assert needs["torch.func, in chunks"] == matrix + 4 * 60_000 * 669_185
    assert needs["nngeometry"] == 4 * matrix
    assert needs["neurashed"] == matrix
    assert needs["neurashed, streamed"] == 0


def test_selections_name_what_there_is(load: Load):
    workloads, contenders = load("workloads").WORKLOADS, load("registry").CONTENDERS
    for selection in load("selections").SELECTIONS.values():
        assert set(selection.workloads) <= set(workloads)
        assert {*selection.also, *selection.limits} <= set(selection.workloads)
        for beginning in {*selection.contenders, *sum(selection.also.values(), ())}:
            assert any(contender.name.startswith(beginning) for contender in contenders)


def test_only_ours_finished_or_not(load: Load):
    results, found = load("results"), _results(load)
    workload = replace(found.workloads[0], name="mlp_60000", num_examples=60_000)
    streamed = replace(workload.outcomes[0], contender="neurashed, streamed")
    stopped = results.Outcome("peer", True, "runs out of memory", least_bytes=int(175e9))
    alone = replace(workload, outcomes=(streamed, stopped), memory_limit=int(14e9))
    (target,) = load("targets").check_targets(replace(found, workloads=(alone,)))
    assert target.is_reached
    assert target.found == "finished: neurashed, streamed"
    beaten = replace(workload, outcomes=(streamed, workload.outcomes[1]))
    (target,) = load("targets").check_targets(replace(found, workloads=(beaten,)))
    assert not target.is_reached
    table = load("tables").markdown_table(alone, found)
    assert "No time (runs out of memory): peer (needs 175 GB)." in table
    assert "n=60,000, in 14 GB" in table


def test_a_stopped_run_goes_on_where_it_was(load: Load, tmp_path: Path):
    path = tmp_path / "found.json"
    found = _results(load)
    load("results").save_results(found, path)
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--only", "mlp", "--resume", str(path)]
    done = subprocess.run(
        [*command, "--contender", "torch.func, in chunks"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "pairs in float64" not in done.stdout
    after = load("results").load_results(path)
    assert after.workloads == found.workloads
    assert after.rate >= found.rate


def test_running_out_of_memory_is_said_plainly(load: Load):
    explain = load("processes").explain
    line = (
        "RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"
    )
    assert explain(line) == "runs out of memory"
    assert explain("Traceback:\n  ...\nValueError: no\n") == "fails: ValueError: no"
    assert explain("") == "fails: without a word"


def test_the_page_takes_the_results_of_a_run_and_keeps_the_rest(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = replace(_results(load), selection="networks")
    load("results").save_results(found, tmp_path / "found.json")
    write_docs = load("write_docs")
    page = tmp_path / "benchmarks.md"
    page.write_text(write_docs.PAGE.read_text())
    monkeypatch.setattr(write_docs, "PAGE", page)
    before = page.read_text().split("<!-- results of networks: begin")[0]
    write_docs.write_docs(tmp_path / "found.json")
    once = page.read_text()
    write_docs.write_docs(tmp_path / "found.json")
    assert page.read_text() == once
    assert once.startswith(before)
    assert "| neurashed | 1 s | 1 | 1.00 GB |" in once


def test_a_page_without_the_part_is_refused(load: Load, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match=r"page\.md has no part marked 'x'; add its begin and end"):
        load("write_docs").write_section(page, "x", "text")


def test_a_contender_in_limited_memory_is_refused_more(load: Load):
    script = (
        "from machine import limit_memory; import numpy as np; limit_memory(10**9);"
        "np.ones(10**6); np.ones(10**9)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=BENCHMARKS)
    assert done.returncode == 1
    assert load("processes").explain(done.stderr) == "runs out of memory"
