"""The experiment on texts, on a few made-up requests."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from clinc150_files import write_clinc150

from neurashed.clustering import agreement
from neurashed.data import Examples, load_clinc150
from neurashed.errors import InputError
from neurashed.experiments import replay_run
from neurashed.experiments.he_su_2020.text import (
    ALL_DOMAINS,
    APPROACHES,
    TABLE_FILE,
    TextSettings,
    find_in_texts,
    run_texts,
)
from neurashed.experiments.he_su_2020.text.measurement import draw_coarse_task, measure_domain
from neurashed.results import RunFolder
from neurashed.subclasses import CoarseTraining, Recipe

RECIPE = Recipe(
    training=CoarseTraining(lr=1.0, num_epochs=10, batch_size=10),
    num_networks=2,
    method="eigenmaps",
    normalize="center_cosine",
)
MEASURE = "neurashed.experiments.he_su_2020.text.run.measure_domain"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clinc150(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def settings(data: Path) -> TextSettings:
    return TextSettings(
        str(data), domains=("pets", "work"), seeds=(0, 3), width=16, recipe=RECIPE, most_clusters=6
    )


@pytest.fixture(scope="module")
def run(settings: TextSettings, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_texts(settings, tmp_path_factory.mktemp("text") / "run")


def contents_of(run: RunFolder) -> dict[str, str]:
    return {path.name: path.read_text() for path in run.path.glob("results/*.json")}


def test_a_run_can_be_repeated(run: RunFolder, tmp_path: Path):
    again = replay_run(run.path, tmp_path / "again")
    assert again.is_identical
    units = [f"{domain}_seed_{seed}" for domain in ("pets", "work") for seed in (0, 3)]
    assert list(again.comparisons) == ["pets", "work", *units]
    assert again.run.record.settings == run.record.settings


def test_a_folder_of_relative_data_is_where_the_run_was_started(
    data: Path, settings: TextSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    relative = replace(settings, data=data.name, folder=str(data.parent), domains=("cats",))
    with pytest.raises(InputError, match="no example has the labels"):
        run_texts(relative, tmp_path / "run")


def test_as_many_texts_of_other_domains_are_drawn(data: Path):
    examples = load_clinc150(data)
    first, again, other = (draw_coarse_task(examples, "pets", seed) for seed in (0, 0, 1))
    assert len(first.primary) == len(first.auxiliary) == 24
    assert first.primary.labels.tolist() == ["pets"] * 24
    assert set(first.auxiliary.fine_labels.tolist()) == {"cars", "work"}
    assert set(first.training.targets.flatten().tolist()) == {0.0, 1.0}
    assert first.auxiliary.ids.tolist() == again.auxiliary.ids.tolist()
    assert first.auxiliary.ids.tolist() != other.auxiliary.ids.tolist()
    few = draw_coarse_task(examples, "pets", 0, per_intent=2)
    assert few.primary.ids.tolist() == [f"train/{row}" for row in (0, 1, 8, 9, 16, 17)]
    assert len(few.auxiliary) == 6


def test_a_domain_with_a_single_intent_is_refused(data: Path):
    examples = load_clinc150(data)
    single = examples.select((examples.labels == "cars") | (examples.fine_labels == "feed"))
    with pytest.raises(InputError, match="'pets' has the single intent 'feed'; choose another"):
        draw_coarse_task(single, "pets", 0)


def test_intents_with_words_of_their_own_are_found_in_every_way(data: Path, settings: TextSettings):
    unit = measure_domain(load_clinc150(data), "pets", 0, settings)
    scores = unit.record["approaches"]
    assert list(scores) == list(APPROACHES)
    assert {name: each["num_clusters"] for name, each in scores.items()} == dict.fromkeys(scores, 3)
    assert min(each["accuracy"] for each in scores.values()) > 0.9
    for name, each in scores.items():
        if name in {"elasticity", "elasticity_by_evidence", "fitted_networks"}:
            assert len(each["training"]["training_loss"]) == 2
            assert min(each["training"]["training_accuracy"]) > 0.9
    assert scores["k_means_on_svd"]["training"] is None


def test_no_approach_reads_an_intent(data: Path, settings: TextSettings):
    examples = load_clinc150(data)
    is_pet = examples.labels == "pets"
    intents = np.array(examples.fine_labels)
    intents[is_pet] = np.random.default_rng(0).permutation(intents[is_pet])
    shuffled = Examples(
        examples.inputs,
        examples.targets,
        ids=examples.ids,
        labels=examples.labels,
        fine_labels=intents,
        texts=examples.texts,
    )
    truth, chance = (measure_domain(each, "pets", 0, settings) for each in (examples, shuffled))
    assert np.array_equal(chance.found["cluster"].values, truth.found["cluster"].values)
    for name in APPROACHES:
        assert chance.record["approaches"][name]["accuracy"] < 0.7


def test_rates_and_moments_of_the_other_networks_are_as_said(data: Path, settings: TextSettings):
    unit = measure_domain(load_clinc150(data), "work", 1, replace(settings, fitting_lr=0.01))
    scores = unit.record["approaches"]
    loss = {
        name: np.mean(scores[name]["training"]["training_loss"])
        for name in ("elasticity", "fitted_networks", "before_training")
    }
    assert loss["before_training"] == pytest.approx(np.log(2), rel=0.05)
    assert 0.001 < loss["before_training"] - loss["fitted_networks"] < 0.1
    assert loss["elasticity"] < 0.5
    same = measure_domain(load_clinc150(data), "work", 1, replace(settings, fitting_lr=1.0))
    assert same.record["approaches"]["fitted_networks"] == scores["elasticity"]


def test_a_run_holds_records_and_the_clusters_of_the_first_seed(
    run: RunFolder, settings: TextSettings
):
    assert run.record.finished
    assert run.finished == ("pets", "work")
    result = run.result("pets").load()
    assert result.sizes == {"source": 24, "probe": 24}
    assert result.dtype == np.float32
    assert result["source_text"].values[0].startswith("pets ")
    records = {name: json.loads(text) for name, text in contents_of(run).items()}
    assert set(records) == {f"{d}_seed_{s}.json" for d in settings.domains for s in (0, 3)}
    record = records["pets_seed_0.json"]
    again = agreement(result["cluster"].values, result["source_fine_label"].values)
    assert record["approaches"]["elasticity"]["nmi"] == again.nmi
    assert (record["num_texts"], record["num_intents"]) == (24, 3)


def test_findings_are_means_over_seeds_and_domains(run: RunFolder):
    findings = {(each.domain, each.approach): each for each in find_in_texts(run)}
    assert len(findings) == 3 * len(APPROACHES)
    name = "k_means_on_tf_idf"
    records = {key: json.loads(text) for key, text in contents_of(run).items()}
    nmi = {
        (domain, seed): records[f"{domain}_seed_{seed}.json"]["approaches"][name]["nmi"]
        for domain in ("pets", "work")
        for seed in (0, 3)
    }
    pets = findings["pets", name].agreement.nmi
    assert pets.mean == pytest.approx((nmi["pets", 0] + nmi["pets", 3]) / 2)
    by_seed = [(nmi["pets", seed] + nmi["work", seed]) / 2 for seed in (0, 3)]
    both = findings[ALL_DOMAINS, name].agreement.nmi
    assert both.mean == pytest.approx(np.mean(by_seed))
    assert both.standard_deviation == pytest.approx(np.std(by_seed, ddof=1))
    assert findings[ALL_DOMAINS, name].num_clusters == 2.5
    assert findings[ALL_DOMAINS, name].agreement.num_runs == 2
    assert findings[ALL_DOMAINS, name].training_loss is None
    losses = [
        record["approaches"]["elasticity"]["training"]["training_loss"]
        for record in records.values()
    ]
    assert findings[ALL_DOMAINS, "elasticity"].training_loss == pytest.approx(np.mean(losses))


def test_the_table_holds_the_findings(run: RunFolder):
    with (run.path / TABLE_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, finding in zip(rows, find_in_texts(run), strict=True):
        assert (row["domain"], row["approach"]) == (finding.domain, finding.approach)
        assert float(row["ari_mean"]) == pytest.approx(finding.agreement.ari.mean, abs=1e-4)
        assert (row["training_loss"] == "") == (finding.training_loss is None)


def test_a_killed_run_resumes_to_the_same_numbers(
    run: RunFolder, settings: TextSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    calls: list[tuple[str, int]] = []

    def counted(limit: int) -> Callable[..., Any]:
        def measure(examples: Any, domain: str, seed: int, *rest: Any) -> Any:  # noqa: ANN401
            if len(calls) == limit:
                raise KeyboardInterrupt
            calls.append((domain, seed))
            return measure_domain(examples, domain, seed, *rest)

        return measure

    monkeypatch.setattr(MEASURE, counted(3))
    with pytest.raises(KeyboardInterrupt):
        run_texts(settings, tmp_path / "run")
    # Of the two results that were there, one is damaged.
    damaged = tmp_path / "run/results/pets.zarr"
    (damaged / "kernelized/c/0/0").write_bytes(b"half")
    monkeypatch.setattr(MEASURE, counted(100))
    resumed = run_texts(settings, tmp_path / "run")
    assert calls == [("pets", 0), ("work", 0), ("pets", 3), ("pets", 0), ("work", 3)]
    assert contents_of(resumed) == contents_of(run)
    assert (resumed.path / TABLE_FILE).read_text() == (run.path / TABLE_FILE).read_text()


def test_all_domains_of_the_file_are_meant_if_none_is_named(
    settings: TextSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(MEASURE, Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run_texts(replace(settings, domains=()), tmp_path / "run")
    assert RunFolder.open(tmp_path / "run").record.settings["domains"] == ["cars", "pets", "work"]


def test_an_unknown_domain_is_refused_before_anything_is_measured(
    settings: TextSettings, tmp_path: Path
):
    with pytest.raises(InputError, match=r"no example has the labels \['pet'\]; there are cars, p"):
        run_texts(replace(settings, domains=("pets", "pet")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "values"), [("seeds", ()), ("seeds", (1, 1)), ("domains", ("a", "a"))]
)
def test_settings_that_repeat_or_ask_nothing_are_refused(name: str, values: tuple):
    with pytest.raises(InputError, match=rf"{name} are .*; give at least one, and each once"):
        TextSettings("folder", **{name: values})
