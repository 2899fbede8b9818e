"""The experiment on corrupted labels: what is corrupted, how it is scored, and how it goes on."""

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from closeness import assert_close

from neurashed.data import Examples, load_examples
from neurashed.errors import InputError
from neurashed.experiments import replay_run
from neurashed.experiments.he_su_2020.corrupted_labels import (
    APPROACHES,
    HELD_OUT,
    NEIGHBORS,
    QUICK,
    TABLE_FILE,
    CorruptedLabelsSettings,
    corrupt_labels,
    find_corrupted_labels,
    judge_scores,
    run_corrupted_labels,
)
from neurashed.experiments.he_su_2020.corrupted_labels.files import SavedScores, read_scores
from neurashed.experiments.he_su_2020.corrupted_labels.findings import compare_scores
from neurashed.experiments.he_su_2020.corrupted_labels.networks import train_to_losses
from neurashed.experiments.he_su_2020.corrupted_labels.scores import score_by_output
from neurashed.experiments.he_su_2020.corrupted_labels.seed import SeedScores, score_seed
from neurashed.results import RunFolder
from neurashed.task import Task

SMALL = replace(
    QUICK, data="digits?per_class=20", widths=(64,), share=0.05, lr=0.3,
    stop_losses=(1.0, 0.5), usual_loss=0.5,
)  # fmt: skip
SCORE = "neurashed.experiments.he_su_2020.corrupted_labels.run.score_seed"


@cache
def score_once(seed: int) -> SeedScores:
    return score_seed(load_examples(SMALL.data), seed, SMALL)


def run_small(path: Path, *, seeds: list[int] | None = None, limit: int = 9) -> RunFolder:
    """Run the experiment on few examples; each seed is really scored only once in all tests."""

    def score(_: Examples, seed: int, settings: CorruptedLabelsSettings) -> SeedScores:
        assert settings == SMALL
        if seeds is not None:
            if len(seeds) == limit:
                raise KeyboardInterrupt
            seeds.append(seed)
        return score_once(seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCORE, score)
        return run_corrupted_labels(SMALL, path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_small(tmp_path_factory.mktemp("labels") / "run")


def test_the_network_finds_wrong_labels_of_digits(tmp_path: Path):
    settings = replace(QUICK, seeds=(0,))
    found = find_corrupted_labels(run_corrupted_labels(settings, tmp_path / "run"))
    precision = {(each.approach, each.time): each.precision.mean for each in found}
    assert precision[HELD_OUT, "loss 0.1"] >= 0.9
    assert precision[NEIGHBORS, "loss 0.1"] >= 0.8
    assert precision["loss", "untrained"] < 0.3


def test_so_many_labels_are_wrong_and_every_other_class_is_as_likely():
    labels = np.repeat(["a", "b", "c"], 1000)
    examples = Examples(torch.zeros(3000, 1), labels=labels, ids=np.arange(3000) + 7)
    corrupted = corrupt_labels(examples, 0.2, np.random.default_rng(0))
    given, right = corrupted.examples.labels, corrupted.examples.fine_labels
    assert given is not None
    assert np.array_equal(right, labels)
    assert np.array_equal(given != labels, corrupted.is_corrupted)
    assert corrupted.is_corrupted.sum() == 600
    assert np.array_equal(np.array(["a", "b", "c"])[corrupted.examples.targets], given)
    assert np.array_equal(corrupted.examples.ids, examples.ids)
    wrong = given[corrupted.is_corrupted & (labels == "b")]
    assert abs((wrong == "a").mean() - 0.5) < 0.15


@pytest.mark.parametrize("labels", [None, ["a", "a"]])
def test_without_classes_nothing_can_be_corrupted(labels: list[str] | None):
    with pytest.raises(InputError, match=r"the examples have the labels .*; give at least 2"):
        corrupt_labels(Examples([[0.0], [1.0]], labels=labels), 0.5, np.random.default_rng(0))


def test_quality_is_of_the_highest_scores():
    scores = np.array([0.3, np.nan, 2.0, np.inf, -np.inf])
    quality = judge_scores(scores, np.array([True, False, True, False, False]))
    assert quality.precision == 0.5
    assert quality.average_precision == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert quality.auroc == pytest.approx(4 / 6)


def test_scores_are_compared_seed_by_seed():
    wrong = np.arange(10) < 4
    good, bad = np.where(wrong, 1.0, 0.0), np.where(wrong, 0.0, 1.0)
    half = np.where(np.arange(10) % 4 < 2, 1.0, 0.0)

    def save(held_out: np.ndarray, loss: np.ndarray) -> SavedScores:
        scores = {("loss", "t"): loss, (HELD_OUT, "t"): held_out, (NEIGHBORS, "t"): bad}
        return SavedScores(wrong, scores, {"t": 1.0})

    found = compare_scores([save(good, half), save(half, bad)], "t")
    assert [each.approach for each in found] == [HELD_OUT, NEIGHBORS, "loss"]
    loss = found[-1]
    assert found[0].behind_held_out.mean == 0.0
    assert loss.behind_held_out.mean == pytest.approx(0.5)
    assert loss.behind_held_out.low == loss.behind_held_out.high == pytest.approx(0.5)
    assert loss.behind_votes.mean == pytest.approx(-0.25)
    assert loss.precision.standard_deviation == pytest.approx(np.sqrt(0.125))
    assert loss.precisions == (0.5, 0.0)


def test_loss_and_margin_are_those_of_the_given_labels():
    task = Task(torch.nn.Linear(2, 3), loss="cross_entropy", readout="logits")
    examples = Examples(torch.eye(2), torch.tensor([2, 0]))
    scores = score_by_output(task, examples)
    logits = task.predict(torch.eye(2)).detach()
    assert_close(scores["loss"], -logits.log_softmax(1)[[0, 1], [2, 0]])
    assert_close(scores["margin"][0], logits[0, :2].max() - logits[0, 2])


def test_a_network_is_seen_untrained_and_where_the_loss_has_fallen():
    corrupted = corrupt_labels(load_examples(SMALL.data), 0.05, np.random.default_rng(0))
    losses = (1.5, 1.4999, 0.5)
    seen = [
        (checkpoint.stop_loss, checkpoint.state)
        for checkpoint in train_to_losses(corrupted.examples, losses, SMALL, num_classes=10, seed=0)
    ]
    assert [stop_loss for stop_loss, _ in seen] == [None, *losses]
    assert seen[0][1].step == 0
    assert all(state.loss <= stop_loss for stop_loss, state in seen[1:] if stop_loss)
    # One epoch passed two losses.
    assert seen[1][1].step == seen[2][1].step < seen[3][1].step


def test_a_loss_that_is_not_reached_is_told():
    examples = load_examples(SMALL.data)
    settings = replace(SMALL, max_epochs=2)
    with pytest.raises(InputError, match=r"after 2 epochs and should come to 0.01; raise"):
        list(train_to_losses(examples, (0.01,), settings, num_classes=10, seed=0))


def test_a_run_holds_every_score_and_a_table(run: RunFolder):
    assert run.record.finished
    findings = find_corrupted_labels(run)
    assert {each.approach for each in findings} == set(APPROACHES)
    assert {each.time for each in findings if each.approach == "loss"} == {
        "untrained", "loss 1", "loss 0.5",
    }  # fmt: skip
    with (run.path / TABLE_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, finding in zip(rows, findings, strict=True):
        assert (row["approach"], row["time"]) == (finding.approach, finding.time)
        assert float(row["precision_mean"]) == pytest.approx(finding.precision.mean, abs=1e-4)
    epochs = read_scores(run.path / "results/seed_0.npz").epochs
    assert 0 == epochs["untrained"] < epochs["loss 1"] < epochs["loss 0.5"]


def test_the_result_shows_given_and_right_labels(run: RunFolder):
    result = run.main.load()
    saved = read_scores(run.path / "results/seed_0.npz")
    is_wrong = result["source_label"].values != result["source_fine_label"].values
    assert result.sizes == {"source": 200, "probe": 200}
    assert is_wrong.sum() == saved.is_corrupted.sum() == 10
    assert "source_thumbnail" in result.coords


def test_examples_are_scored_by_networks_of_other_folds(monkeypatch: pytest.MonkeyPatch):
    trained_on: list[set[int]] = []
    name = "neurashed.experiments.he_su_2020.corrupted_labels.seed"

    def watch(examples: Examples, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
        trained_on.append(set(examples.ids.tolist()))
        return train_to_losses(examples, *arguments, **keywords)

    def look(task: Task, examples: Examples) -> dict[str, np.ndarray]:
        assert trained_on[-1].isdisjoint(examples.ids.tolist())
        assert len(trained_on[-1]) + len(examples) == 200
        return score_by_output(task, examples)

    monkeypatch.setattr(f"{name}.train_to_losses", watch)
    monkeypatch.setattr(f"{name}.score_by_output", look)
    found = score_seed(load_examples(SMALL.data), 0, SMALL)
    assert len(trained_on) == 1 + SMALL.num_folds
    assert np.isfinite(found.scores["loss_of_folds", "loss 0.5"]).all()


def test_a_killed_run_resumes_to_the_same_numbers(run: RunFolder, tmp_path: Path):
    seeds: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run_small(tmp_path / "run", seeds=seeds, limit=1)
    assert not RunFolder.open(tmp_path / "run").record.finished
    resumed = run_small(tmp_path / "run", seeds=seeds)
    assert seeds == [0, 1]
    assert (resumed.path / TABLE_FILE).read_text() == (run.path / TABLE_FILE).read_text()


def test_damaged_scores_are_found_again(tmp_path: Path):
    path, seeds = tmp_path / "run", []
    run_small(path)
    record = path / "run.json"
    record.write_text(record.read_text().replace('"finished": true', '"finished": false'))
    (path / "results/seed_1.npz").write_bytes(b"half")
    assert run_small(path, seeds=seeds).record.finished
    assert seeds == [1]
    found, expected = read_scores(path / "results/seed_1.npz").scores, score_once(1).scores
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key], equal_nan=True) for key in expected)


def test_a_seed_gives_the_same_numbers_again():
    again = score_seed(load_examples(SMALL.data), 0, SMALL).scores
    for key, values in score_once(0).scores.items():
        assert np.array_equal(values, again[key], equal_nan=True)


def test_a_run_is_repeated_with_its_settings(run: RunFolder, tmp_path: Path):
    def score(_: Examples, seed: int, settings: CorruptedLabelsSettings) -> SeedScores:
        assert settings == SMALL
        return score_once(seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCORE, score)
        again = replay_run(run.path, tmp_path / "again")
    assert again.is_identical
    assert list(again.comparisons) == ["tangent_kernel", "seed_0", "seed_1"]


def test_a_score_that_changed_is_seen(run: RunFolder, tmp_path: Path):
    def score(_: Examples, seed: int, settings: CorruptedLabelsSettings) -> SeedScores:  # noqa: ARG001
        found = score_once(seed)
        moved = {key: values + 0.5 * (key[0] == "margin") for key, values in found.scores.items()}
        return replace(found, scores=moved) if seed else found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCORE, score)
        again = replay_run(run.path, tmp_path / "again")
    assert again.comparisons["seed_0"].is_identical
    assert not again.is_identical
    assert again.comparisons["seed_1"].largest_difference == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"seeds": ()}, r"seeds are \(\); give at least one, and each once"),
        ({"seeds": (1, 1)}, r"seeds are \(1, 1\); give at least one"),
        ({"share": 1.0}, r"share is 1.0; give a share of the labels between 0 and 1"),
        ({"stop_losses": (0.1, 0.3)}, r"give falling losses, the usual one among them"),
        ({"usual_loss": 0.2}, r"usual_loss is 0.2; give falling losses"),
        ({"num_folds": 1}, r"num_folds is 1; give at least 2 parts"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changed: dict[str, Any], complaint: str):
    with pytest.raises(InputError, match=complaint):
        replace(QUICK, **changed)
