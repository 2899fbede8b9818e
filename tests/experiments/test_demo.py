"""The demo on a small scale: what it writes, what it finds, and its doubts."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from neurashed.errors import StoreError
from neurashed.experiments import DemoSettings, find_in_demo, replay_run, run_demo
from neurashed.experiments.demo import NETWORKS, name_result
from neurashed.experiments.demo_findings import (
    MomentFindings,
    NetworkFindings,
    _list_doubts,  # pyright: ignore[reportPrivateUsage]
)
from neurashed.experiments.summary import summarize_result
from neurashed.models import two_layer_relu
from neurashed.results import RunFolder, Strength
from neurashed.training import load_weights

SMALL = DemoSettings(width=16, num_epochs=2, batch_size=300, per_digit=3)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_demo(SMALL, tmp_path_factory.mktemp("demo") / "run")


def test_demo_measures_both_networks_before_and_after(demo: RunFolder):
    names = [name_result(moment, name) for name in NETWORKS for moment in ("trained", "initial")]
    assert demo.record.finished
    assert list(demo.finished) == names
    assert demo.main.sizes == {"source": 30, "probe": 30}
    labels = demo.main["source_label"].to_numpy()
    assert {str(d): int((labels == str(d)).sum()) for d in range(10)} == dict.fromkeys(
        map(str, range(10)), 3
    )
    values = {name: demo.result(name).to_numpy() for name in names}
    assert all(np.allclose(np.diag(each), 1) for each in values.values())
    assert len({each.tobytes() for each in values.values()}) == 4


def test_weights_of_the_demo_can_be_loaded(demo: RunFolder):
    model = two_layer_relu(64, width=16, generator=torch.Generator())
    load_weights(model, demo.path / "weights" / "trained_ReLU_network.safetensors")
    assert sum(each.numel() for each in model.parameters()) == 65 * 16 + 17


def test_findings_read_training_and_strengths(demo: RunFolder):
    findings = find_in_demo(demo, source=5)
    states = json.loads((demo.path / "training.json").read_text())
    relu = findings.networks["ReLU"]
    assert relu.loss == states["ReLU"][-1]["loss"]
    assert relu.max_lr_lambda == max(state["lr_lambda_max"] for state in states["ReLU"])
    for moment in (relu.initial, relu.trained):
        assert moment.median.num_within == 10 * 3 * 2
        assert moment.median.num_between == 30 * 27
        # Of the nine other digits four have the same parity.
        assert moment.same_parity.num_between == 30 * 12
        assert moment.same_parity.num_within == moment.median.num_within
    assert list(findings.neighbors) == [
        "the ReLU network",
        "the linear network",
        "pixel distance",
    ]
    assert all(len(each.ids) == 8 for each in findings.neighbors.values())
    assert findings.source_label == "5"
    assert findings.source_thumbnail.shape == (8, 8)


def test_demo_can_be_replayed(demo: RunFolder, tmp_path: Path):
    assert replay_run(demo.path, tmp_path / "again").is_identical


def test_another_seed_gives_other_numbers(demo: RunFolder, tmp_path: Path):
    other = run_demo(dataclasses.replace(SMALL, seed=1), tmp_path / "other")
    assert not np.array_equal(other.main.to_numpy(), demo.main.to_numpy())


def test_missing_training_file_is_explained(demo: RunFolder, tmp_path: Path):
    run = RunFolder(tmp_path, demo.record)
    with pytest.raises(StoreError, match=r"training.json cannot be read .* run the demo again"):
        find_in_demo(run)


def _network(initial: tuple[float, float, float], trained: tuple[float, float, float]):  # noqa: ANN202
    def moment(value: float, low: float, high: float) -> MomentFindings:
        strength = Strength(value, low, high, 1.0, 1.0, 1, 1, 0)
        return MomentFindings(strength, strength, strength, classes=xr.Dataset())

    return NetworkFindings(moment(*initial), moment(*trained), 0.1, 0.9, 1.0)


@pytest.mark.parametrize(
    ("relu", "linear", "doubt"),
    [
        (
            ((0.5, 0.4, 0.6), (0.7, 0.55, 0.8)),
            ((0.5, 0.4, 0.5), (0.5, 0.4, 0.5)),
            "above its first",
        ),
        (((0.5, 0.5, 0.5), (0.7, 0.6, 0.8)), ((0.6, 0.6, 0.6), (0.62, 0.6, 0.65)), "linear one"),
        (((0.5, 0.5, 0.5), (0.7, 0.7, 0.7)), ((0.5, 0.5, 0.5), (0.56, 0.5, 0.6)), "a quarter"),
    ],
)
def test_each_doubt_is_said(relu: tuple, linear: tuple, doubt: str):
    doubts = _list_doubts(_network(*relu), _network(*linear))
    assert len(doubts) == 1
    assert doubt in doubts[0]


def test_clear_numbers_leave_no_doubt():
    relu = _network((0.5, 0.49, 0.51), (0.7, 0.69, 0.71))
    linear = _network((0.5, 0.49, 0.51), (0.51, 0.5, 0.52))
    assert _list_doubts(relu, linear) == []


def test_summary_of_a_result(demo: RunFolder):
    summary = summarize_result(demo.main)
    assert (summary.measure, summary.num_sources, summary.num_probes) == ("relative", 30, 30)
    assert list(summary.strengths) == ["median", "ratio_of_means"]
    assert summary.classes is not None
    assert summary.classes["value"].shape == (10, 10)
    unlabelled = demo.main.drop_vars(["source_label"])
    assert summarize_result(unlabelled).classes is None
    assert summarize_result(unlabelled).strengths == {}
