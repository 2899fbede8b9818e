"""The experiment on a narrow VGG-19 and a few small photographs."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import oracle
import pytest
import torch
from closeness import assert_close
from narrow_vgg import CLASSES, SPEC, narrow_vgg, write_case
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode

from neurashed.data import load_image_folder
from neurashed.errors import InputError, StoreError
from neurashed.experiments import replay_run
from neurashed.experiments.he_su_2020 import (
    HISTOGRAMS_FILE,
    RATIOS_FILE,
    PretrainedSettings,
    find_class_ratios,
    plan_pretrained,
    run_pretrained,
)
from neurashed.results import RunFolder

HEAD = ("classifier.6.*",)


@pytest.fixture
def settings(tmp_path: Path) -> PretrainedSettings:
    write_case(tmp_path)
    return PretrainedSettings(
        weights="vgg.safetensors",
        images="photographs",
        model=SPEC,
        size=32,
        parameters=HEAD,
        folder=str(tmp_path),
    )


class _CountedGradients(TorchDispatchMode):
    """Counts gradients of convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: object, types: object, args=(), kwargs=None) -> object:  # noqa: ANN001
        self.count += func is torch.ops.aten.convolution_backward.default
        return func(*args, **kwargs or {})


@pytest.mark.parametrize("parameters", [("*",), HEAD], ids=["all", "last layer"])
def test_responses_are_those_of_steps_taken_by_hand(
    settings: PretrainedSettings, tmp_path: Path, parameters: tuple[str, ...]
):
    # The outputs stand for the classes in another order than that of the folders.
    (tmp_path / "names.txt").write_text("\n".join(reversed(CLASSES)))
    settings = dataclasses.replace(
        settings, parameters=parameters, lr=1e-4, class_names="names.txt"
    )
    result = run_pretrained(settings, tmp_path / "run").main.load()
    images = load_image_folder(tmp_path / "photographs", size=32).to(dtype=torch.float64)
    places = [images.ids.tolist().index(each) for each in result["source"].values]
    model, targets = narrow_vgg().double(), 2 - images.targets
    names = list(dict(model.named_parameters()))
    expected = oracle.relative_elasticity(
        model,
        oracle.LOSSES["cross_entropy"],
        oracle.READOUTS["cross_entropy"]["logits"],
        images.inputs[places],
        targets[places],
        images.inputs,
        targets,
        settings.lr,
        names if parameters == ("*",) else names[-2:],
    )
    assert result.std() > 0.1
    assert_close(result.values, expected, kind="difference")


def test_a_source_of_each_class_is_watched_by_all_images(
    settings: PretrainedSettings, tmp_path: Path
):
    run = run_pretrained(settings, tmp_path / "run")
    assert run.main_name == "relative"
    assert run.main["source_label"].values.tolist() == list(CLASSES)
    assert run.main["probe_label"].values.tolist() == [each for each in CLASSES for _ in range(3)]
    assert set(run.main["source"].values) < set(run.main["probe"].values)
    assert run.main.attrs["provenance"]["coverage"]["covered"] == 3 * 128 + 3
    assert run.record.settings["command"] == "reproduce he-su-2020 pretrained"


def test_histograms_and_ratios_lie_beside_the_result(settings: PretrainedSettings, tmp_path: Path):
    run = run_pretrained(settings, tmp_path / "run")
    with Image.open(run.path / HISTOGRAMS_FILE) as picture:
        width, height = picture.size
    assert width > 2.5 * height  # three panels side by side
    with (run.path / RATIOS_FILE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ratios = find_class_ratios(run.main.load()) + find_class_ratios(run.main, statistic="mean")
    assert [row["updated"] for row in rows] == [each.updated for each in ratios]
    assert [float(row["value"]) for row in rows] == [each.value for each in ratios]


def test_the_seed_chooses_the_sources(settings: PretrainedSettings, tmp_path: Path):
    def sources(seed: int) -> set[str]:
        chosen = dataclasses.replace(settings, seed=seed, sources_per_class=2)
        run = run_pretrained(chosen, tmp_path / f"run{seed}", overwrite=True)
        return set(run.main["source"].values.tolist())

    first = sources(0)
    assert len(first) == 6
    assert sources(0) == first
    assert sources(1) != first


def test_layers_that_are_not_asked_for_cost_no_gradients(
    settings: PretrainedSettings, tmp_path: Path
):
    # Otherwise the first convolutions of a network of full size would hold most of the memory.
    counts = {}
    for name, parameters in {"head": HEAD, "all": ("*",)}.items():
        with _CountedGradients() as gradients:
            run_pretrained(dataclasses.replace(settings, parameters=parameters), tmp_path / name)
        counts[name] = gradients.count
    assert counts["head"] == 0
    assert counts["all"] > 0


def test_a_finished_run_is_not_replaced_unasked(settings: PretrainedSettings, tmp_path: Path):
    run_pretrained(settings, tmp_path / "run")
    with pytest.raises(StoreError, match="holds a finished run"):
        run_pretrained(settings, tmp_path / "run")


def test_a_killed_run_keeps_its_responses(
    settings: PretrainedSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    module = "neurashed.experiments.he_su_2020.pretrained"
    with monkeypatch.context() as patch:
        patch.setattr(f"{module}.write_class_ratios", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_pretrained(settings, tmp_path / "run")
    monkeypatch.setattr(f"{module}.measure_elasticity", lambda *_, **__: 1 / 0)
    assert run_pretrained(settings, tmp_path / "run").record.finished


def test_a_plan_takes_no_step(settings: PretrainedSettings, tmp_path: Path):
    plan = plan_pretrained(settings)
    assert plan.to_dict()["low_rank"] == ("classifier.6",)
    assert "387 of" in plan.describe()
    assert not (tmp_path / "run").exists()


def test_weights_that_do_not_fit_say_which(settings: PretrainedSettings, tmp_path: Path):
    wider = dataclasses.replace(settings, model="vgg19?num_outputs=4&width=2")
    with pytest.raises(InputError, match=r"classifier\.6\.weight \(3, 128\) for \(4, 128\)"):
        run_pretrained(wider, tmp_path / "run")
    with pytest.raises(InputError, match=r"there is no file .*nothing\.safetensors"):
        run_pretrained(dataclasses.replace(settings, weights="nothing.safetensors"), tmp_path / "r")


@pytest.mark.parametrize(("num_sources", "what"), [(3, "3 should be"), (0, "0 should be")])
def test_a_class_needs_images_to_step_on_and_to_watch(
    settings: PretrainedSettings, tmp_path: Path, num_sources: int, what: str
):
    settings = dataclasses.replace(settings, sources_per_class=num_sources)
    with pytest.raises(InputError, match=f"class 'brown bear' has 3 images, of which {what}"):
        run_pretrained(settings, tmp_path / "run")


def test_undefined_responses_are_drawn_as_such(settings: PretrainedSettings, tmp_path: Path):
    run = run_pretrained(dataclasses.replace(settings, lr=0.0), tmp_path / "run")
    assert np.isnan(run.main.values).all()
    assert (run.path / HISTOGRAMS_FILE).is_file()
    assert RunFolder.open(run.path).record.finished


def test_a_run_can_be_repeated(settings: PretrainedSettings, tmp_path: Path):
    run_pretrained(settings, tmp_path / "run")
    replay = replay_run(tmp_path / "run", tmp_path / "again")
    assert replay.is_identical
    assert list(replay.comparisons) == list(replay.run.finished)
