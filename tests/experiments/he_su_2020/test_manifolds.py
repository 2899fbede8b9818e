"""The experiment on toy manifolds: what it measures, what it finds, and how it goes on."""

import csv
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from closeness import assert_close

from neurashed.errors import InputError
from neurashed.experiments import replay_run
from neurashed.experiments.he_su_2020.manifolds import (
    FIGURE_FILE,
    QUICK,
    TABLE_FILE,
    ManifoldSettings,
    find_in_manifolds,
    run_manifolds,
)
from neurashed.experiments.he_su_2020.manifolds.measurement import (
    draw_sample,
    kernel_distance,
    measure_network,
)
from neurashed.results import RunFolder

SMALL = ManifoldSettings(
    manifolds=("folded_boxes", "two_cosines"),
    seeds=(0, 3),
    num_examples=20,
    two_layer_width=8,
    three_layer_width=8,
    max_steps=600,
)
MEASURE = "neurashed.experiments.he_su_2020.manifolds.run.measure_network"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_manifolds(SMALL, tmp_path_factory.mktemp("manifolds") / "run", num_workers=1)


def values_of(run: RunFolder) -> dict[str, bytes]:
    return {name: run.result(name).values.tobytes() for name in run.record.results}


def test_a_relu_network_is_elastic_along_the_torus_and_a_linear_one_is_not():
    relu, linear = (
        measure_network("torus", network, 0, replace(QUICK, max_steps=2_000))
        for network in ("ReLU", "linear")
    )
    is_other = ~np.eye(50, dtype=bool)

    def correlate(result: Any, values: np.ndarray) -> float:  # noqa: ANN401
        return float(np.corrcoef(values[is_other], result["geodesic"].values[is_other])[0, 1])

    assert correlate(relu, relu.values) < -0.93
    assert correlate(relu, relu["kernel_distance"].values) > 0.9
    assert abs(correlate(linear, linear.values)) < 0.2
    assert_close(relu["geodesic"], linear["geodesic"])


def test_training_stops_where_the_loss_is_low_enough_or_falls_no_more():
    easy = measure_network("two_cosines", "ReLU", 0, replace(QUICK, enough_loss=0.1))
    stuck = measure_network("two_cosines", "linear", 0, replace(QUICK, max_steps=10_000))
    short = measure_network("torus", "ReLU", 0, replace(QUICK, max_steps=700))
    trained = [each.attrs["provenance"]["training"] for each in (easy, stuck, short)]
    assert trained[0]["num_steps"] == 500
    assert trained[0]["loss"] <= 0.1
    assert trained[1]["num_steps"] < 10_000
    assert trained[1]["loss"] > 0.1
    assert trained[2]["num_steps"] == 700
    for each in trained:
        assert each["lr_lambda_max"] == pytest.approx(QUICK.lr_lambda_max)


def test_one_learning_rate_for_all_can_be_asked_for():
    result = measure_network("two_cosines", "ReLU", 0, replace(SMALL, lr=0.01))
    training = result.attrs["provenance"]["training"]
    assert training["lr"] == 0.01
    assert training["lr_lambda_max"] != pytest.approx(SMALL.lr_lambda_max, rel=0.1)


def test_a_rate_at_which_the_loss_explodes_is_refused():
    with pytest.raises(InputError, match="after 500 steps with lr 10; lower the rate"):
        measure_network("torus", "ReLU", 0, replace(SMALL, lr=10.0))


def test_kernel_distance_is_that_of_the_space_of_the_kernel():
    places = np.random.default_rng(0).standard_normal((12, 4))
    apart = np.linalg.norm(places[:, None] - places, axis=-1)
    kernel = places @ places.T
    askew = np.triu(np.ones_like(kernel), 1)
    assert_close(kernel_distance(kernel + askew - askew.T), apart)
    # Fewer dimensions keep the largest; negative eigenvalues count as none.
    assert kernel_distance(-kernel).max() < 1e-6  # the root of rounding
    stretched = places * np.array([100.0, 1.0, 1.0, 1.0])
    nearly = np.abs(stretched[:, None, 0] - stretched[:, 0])
    first = kernel_distance(stretched @ stretched.T, num_dimensions=1)
    assert np.abs(first - nearly).max() < 0.1


def test_a_run_holds_a_result_for_each_network(run: RunFolder):
    assert run.record.finished
    assert list(run.finished) == [
        f"{manifold}_{network}" for manifold in SMALL.manifolds for network in ("ReLU", "linear")
    ]
    result = run.main.load()
    assert result.sizes == {"seed": 2, "source": 10, "probe": 10}
    assert result["seed"].values.tolist() == [0, 3]
    assert {str(label) for label in result["source_label"].values} == {"positive"}
    alone = measure_network("folded_boxes", "ReLU", 3, SMALL)
    for name in ("geodesic", "proxy", "kernel_distance"):
        assert_close(result.sel(seed=3)[name], alone[name])
        assert not np.array_equal(*result[name].values)
    assert_close(result.sel(seed=3), alone)
    assert result.attrs["provenance"]["training"][1] == alone.attrs["provenance"]["training"]
    assert (run.path / FIGURE_FILE).read_bytes().startswith(b"\x89PNG")


def test_a_run_can_be_repeated(run: RunFolder, tmp_path: Path):
    replay = replay_run(run.path, tmp_path / "again")
    assert replay.is_identical
    assert list(replay.comparisons) == list(run.finished)


def test_findings_are_correlations_of_each_sample(run: RunFolder):
    findings = {(f.manifold, f.network, f.measure): f for f in find_in_manifolds(run)}
    assert len(findings) == 8
    result = run.result("two_cosines_ReLU").load()
    is_other = ~np.eye(10, dtype=bool)
    by_hand = {
        (values, distance, has_self): [
            np.corrcoef(
                (one if values == "relative" else one[values]).values[is_other | has_self],
                one[distance].values[is_other | has_self],
            )[0, 1]
            for one in result
        ]
        for values in ("relative", "kernel_distance")
        for distance in ("geodesic", "proxy")
        for has_self in (False, True)
    }
    for values in ("relative", "kernel_distance"):
        found = findings["two_cosines", "ReLU", values]
        assert found.pearson.mean == pytest.approx(np.mean(by_hand[values, "geodesic", False]))
        assert found.pearson.least == pytest.approx(np.min(by_hand[values, "geodesic", False]))
        assert found.pearson_with_diagonal.mean == pytest.approx(
            np.mean(by_hand[values, "geodesic", True])
        )
        assert found.pearson_proxy.most == pytest.approx(np.max(by_hand[values, "proxy", False]))
        assert found.pearson.least <= found.pearson.low <= found.pearson.high <= found.pearson.most
    assert findings["folded_boxes", "ReLU", "relative"].published == -0.92
    assert findings["folded_boxes", "ReLU", "kernel_distance"].published is None


def test_the_table_holds_the_findings(run: RunFolder):
    with (run.path / TABLE_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, finding in zip(rows, find_in_manifolds(run), strict=True):
        assert (row["manifold"], row["measure"]) == (finding.manifold, finding.measure)
        assert float(row["pearson_mean"]) == pytest.approx(finding.pearson.mean, rel=1e-3)
        assert float(row["num_steps_most"]) == finding.num_steps.most


def test_a_killed_run_resumes_to_the_same_numbers(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    calls: list[tuple[str, str, int]] = []

    def counted(limit: int) -> Callable[..., Any]:
        def measure(*arguments: Any) -> Any:  # noqa: ANN401
            if len(calls) == limit:
                raise KeyboardInterrupt
            calls.append(arguments[:3])
            return measure_network(*arguments)

        return measure

    monkeypatch.setattr(MEASURE, counted(3))
    with pytest.raises(KeyboardInterrupt):
        run_manifolds(SMALL, tmp_path / "run", num_workers=1)
    assert not RunFolder.open(tmp_path / "run").record.finished
    # Of the three results that were there, one is damaged.
    damaged = tmp_path / "run/results/folded_boxes_linear_seed_0.zarr"
    (damaged / "relative/c/0/0").write_bytes(b"half")
    monkeypatch.setattr(MEASURE, counted(100))
    resumed = run_manifolds(SMALL, tmp_path / "run", num_workers=1)
    assert len(calls) == 3 + 8 - 2
    assert calls[3] == calls[1] == ("folded_boxes", "linear", 0)
    assert values_of(resumed) == values_of(run)
    assert (resumed.path / TABLE_FILE).read_text() == (run.path / TABLE_FILE).read_text()


def test_workers_end_with_a_killed_run_and_what_they_found_is_used(run: RunFolder, tmp_path: Path):
    path = tmp_path / "run"
    script = (
        "from pathlib import Path\n"
        "from neurashed.experiments.he_su_2020.manifolds import *\n"
        f"run_manifolds({SMALL!r}, Path({str(path)!r}), num_workers=2)"
    )
    process = psutil.Popen([sys.executable, "-c", script])
    while not list(path.glob("results/[!.]*")):
        assert process.poll() is None
        time.sleep(0.01)
    workers = process.children(recursive=True)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while any(is_running(each) for each in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert values_of(run_manifolds(SMALL, path, num_workers=1)) == values_of(run)


def is_running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_both_networks_of_a_seed_see_one_sample():
    first, again, other = (draw_sample("torus", seed, SMALL).examples for seed in (0, 0, 1))
    assert first.checksum() == again.checksum() != other.checksum()


@pytest.mark.parametrize(("name", "values"), [("seeds", ()), ("seeds", (1, 1)), ("manifolds", ())])
def test_settings_without_anything_to_do_are_refused(name: str, values: tuple):
    with pytest.raises(InputError, match=rf"{name} are .*; give at least one, and each once"):
        ManifoldSettings(**{name: values})


def test_an_unknown_manifold_is_refused():
    with pytest.raises(InputError, match=r"unknown pair of manifolds 'torsu'; did you mean"):
        ManifoldSettings(manifolds=("torsu",))
