"""All parts one after the other: what runs, what is left out and said, and how it goes on."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from whole_paper_cases import make_small, write_data, write_mnist

from neurashed.errors import InputError, StoreError
from neurashed.experiments.he_su_2020.whole_paper import (
    PAGE_FILE,
    PARTS,
    PaperSettings,
    PartOutcome,
    find_data,
    parts,
    plan_paper,
    reproduce_paper,
)
from neurashed.experiments.he_su_2020.whole_paper.sections import describe_part
from neurashed.results import RunFolder


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> PaperSettings:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(
    settings: PaperSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, list[PartOutcome]]]:
    path = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        yield path, list(reproduce_paper(settings, path))


def stop(*_: Any, **__: Any) -> None:  # noqa: ANN401
    raise KeyboardInterrupt


def values_of(path: Path) -> dict[str, bytes]:
    tables = {
        str(file.relative_to(path)): file.read_bytes()
        for pattern in ("*/*.csv", "*/*.md")
        for file in path.glob(pattern)
    }
    return tables | {PAGE_FILE: (path / PAGE_FILE).read_bytes()}


def test_every_part_has_a_folder_and_a_place_on_the_page(whole: tuple[Path, list[PartOutcome]]):
    path, outcomes = whole
    assert [outcome.part for outcome in outcomes] == list(PARTS)
    assert [outcome.folder for outcome in outcomes] == [path / part.name for part in PARTS]
    for part in PARTS:
        command = RunFolder.open(path / part.name).record.settings["command"]
        assert command == f"reproduce he-su-2020 {part.name}"
        assert (path / part.name / "report.html").exists() is part.has_report
    page = (path / PAGE_FILE).read_text(encoding="utf-8")
    for part in PARTS:
        assert f"<h2>{part.title}</h2>" in page
    assert page.count("data:image/png;base64,") == 2
    assert "This is the quick version" in page
    assert "Left out" not in page


def test_the_page_shows_the_numbers_of_each_part(whole: tuple[Path, list[PartOutcome]]):
    path, _ = whole
    page = (path / PAGE_FILE).read_text(encoding="utf-8")
    line = (path / "tables" / "tables.csv").read_text().splitlines()[1]
    assert f"<td>k-means</td><td>1</td><td>{float(line.split(',')[4]):.1f}</td>" in page
    for text in (
        "<td>two cosines</td><td>ReLU</td>",
        "<td>brown bear</td><td>leopard</td>",
        "<td>tangent kernel, held-out prediction (odd_ones_out)</td><td>loss 1</td>",
        "<td>work</td>",
    ):
        assert text in page
    for file in ("manifolds/manifolds.png", "text/texts.csv", "corrupted-labels/report.html"):
        assert f'href="{file}"' in page
        assert (path / file).exists()


def test_published_numbers_stand_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    quick = parts.manifolds.QUICK
    monkeypatch.setattr(parts.manifolds, "QUICK", replace(quick, manifolds=("torus",)))
    first = next(reproduce_paper(PaperSettings(is_quick=True, num_workers=1), tmp_path))
    assert first.part.name == "manifolds"
    page = (tmp_path / PAGE_FILE).read_text(encoding="utf-8")
    assert '<th scope="col">published, as recalled</th>' in page
    assert "<td>-0.97</td>" in page
    assert "<td>-0.48</td>" in page


def test_finished_parts_are_not_run_again(
    whole: tuple[Path, list[PartOutcome]], settings: PaperSettings, monkeypatch: pytest.MonkeyPatch
):
    path, _ = whole
    before = values_of(path)
    for name in ("manifolds.run_manifolds", "corrupted_labels.run_corrupted_labels"):
        monkeypatch.setattr(f"neurashed.experiments.he_su_2020.{name}", stop)
    monkeypatch.setattr("neurashed.experiments.he_su_2020.tables.run.make_unit", stop)
    monkeypatch.setattr(parts, "run_pretrained", stop)
    again = list(reproduce_paper(settings, path))
    assert [outcome.part.name for outcome in again if not outcome.was_there] == ["tables"]
    assert values_of(path) == before


def test_a_killed_run_goes_on_to_the_same_numbers(
    whole: tuple[Path, list[PartOutcome]],
    settings: PaperSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    name = "neurashed.experiments.he_su_2020.corrupted_labels.run.write_scores"
    with monkeypatch.context() as patch:
        patch.setattr(name, stop)
        with pytest.raises(KeyboardInterrupt):
            list(reproduce_paper(settings, tmp_path / "run"))
    assert "Wrong labels" not in (tmp_path / "run" / PAGE_FILE).read_text(encoding="utf-8")
    resumed = list(reproduce_paper(settings, tmp_path / "run"))
    kept = [outcome.part.name for outcome in resumed if outcome.was_there]
    assert kept == ["manifolds", "pretrained"]
    ours, theirs = values_of(tmp_path / "run"), values_of(whole[0])
    assert ours.keys() == theirs.keys()
    assert all(ours[file] == theirs[file] for file in ours if not file.endswith(".html"))


def test_what_is_left_out_is_said_and_can_be_added(settings: PaperSettings, tmp_path: Path):
    without = replace(settings, clinc150=None, weights=None, images=None)
    reasons = {
        "pretrained": "weights of a VGG-19 (weights) and photographs (images) are not given",
        "text": "CLINC150 is not given (clinc150)",
    }
    assert plan_paper(without) == {name: (reason,) for name, reason in reasons.items()}
    outcomes = list(reproduce_paper(without, tmp_path))
    left_out = {each.part.name: each.left_out for each in outcomes if each.folder is None}
    assert left_out == {name: (reason,) for name, reason in reasons.items()}
    page = (tmp_path / PAGE_FILE).read_text(encoding="utf-8")
    assert all(f"Left out: {reason}." in page for reason in reasons.values())
    assert not (tmp_path / "text").exists()
    added = list(reproduce_paper(replace(without, clinc150="clinc150"), tmp_path))
    assert [each.part.name for each in added if each.folder is None] == ["pretrained"]
    assert RunFolder.open(tmp_path / "text").record.finished


def test_tables_without_one_data_set_say_so():
    only_digits = PaperSettings(mnist="there")
    assert plan_paper(only_digits)["tables"] == (
        "CIFAR-10 is not given (cifar10): its table is left out",
    )
    assert plan_paper(PaperSettings())["tables"] == (
        "neither MNIST (mnist) nor CIFAR-10 (cifar10) is given",
    )
    assert plan_paper(PaperSettings())["corrupted-labels"] == ("MNIST is not given (mnist)",)
    assert "manifolds" not in plan_paper(PaperSettings())


def test_tables_come_with_what_the_stated_settings_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tables = parts.tables
    selection = partial(tables.TableSelection, tasks=("5v8",), approaches=("k_means",), seeds=(0,))
    monkeypatch.setattr(tables, "TableSelection", selection)
    monkeypatch.setattr(tables, "TableSettings", lambda: tables.QUICK)
    stated = partial(tables.train_as_stated, width=16, num_epochs=1)
    monkeypatch.setattr(tables, "train_as_stated", stated)
    mnist = write_mnist(tmp_path / "mnist", "5839" * 20)
    part = next(each for each in PARTS if each.name == "tables")
    work = part.prepare(PaperSettings(mnist=mnist.name, folder=str(tmp_path)))
    assert not isinstance(work, str)
    run = work.run(tmp_path / "run")
    table = (run.path / parts.STATED_FILE).read_text()
    assert table.startswith("step,epoch,loss,")
    titles = [each.title for each in describe_part(part, run, work.left_out).tables]
    assert len(titles) == 2
    assert titles[0].startswith("Accuracy in % on mnist")
    assert titles[1].startswith("The settings that the paper states")
    monkeypatch.setattr(tables, "train_as_stated", stop)
    assert (work.run(tmp_path / "run").path / parts.STATED_FILE).read_text() == table


def test_a_finished_part_of_other_settings_is_not_taken_for_this_one(
    whole: tuple[Path, list[PartOutcome]],
    settings: PaperSettings,
    monkeypatch: pytest.MonkeyPatch,
):
    other = replace(parts.manifolds.QUICK, max_steps=200, num_examples=10)
    monkeypatch.setattr(parts.manifolds, "QUICK", other)
    message = "manifolds holds a finished run with other num_examples, max_steps; choose another"
    with pytest.raises(StoreError, match=message):
        next(reproduce_paper(settings, whole[0]))


def test_data_are_found_by_the_names_of_their_folders(tmp_path: Path):
    for name in ("mnist", "cifar-10-batches-bin", "other"):
        (tmp_path / name).mkdir()
    assert find_data(tmp_path) == {
        "mnist": str(tmp_path / "mnist"),
        "cifar10": str(tmp_path / "cifar-10-batches-bin"),
    }
    with pytest.raises(InputError, match="other has none of the folders mnist, MNIST, cifar10"):
        find_data(tmp_path / "other")
