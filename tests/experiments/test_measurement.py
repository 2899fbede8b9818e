"""Measurements from their settings, and their repetition."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from neurashed.data import load_examples
from neurashed.elasticity import measure_elasticity
from neurashed.errors import InputError, StoreError
from neurashed.experiments import MeasureSettings, load_network, replay_run, run_measurement
from neurashed.experiments.comparison import compare_results
from neurashed.results import AxisLabels, RunFolder, label_elasticity
from neurashed.task import SGD, Task
from neurashed.training import save_weights

MODULE = """
import torch
from torch import nn
from neurashed.data import load_digits

def make():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Tanh(), nn.Linear(5, 10))

def few():
    return load_digits().select(range(6))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "work_of_a_user.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("work_of_a_user", None)


@pytest.fixture
def settings(folder: Path) -> MeasureSettings:
    return MeasureSettings(
        model="work_of_a_user:make",
        data="work_of_a_user:few",
        probes="digits?first=9",
        lr=0.05,
        parameters=("1.*", "3.weight"),
        step="first_order",
        dtype="float64",
        seed=3,
        folder=str(folder),
    )


def test_run_holds_what_the_library_measures(settings: MeasureSettings, folder: Path):
    run = run_measurement(settings, folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        model = load_network("work_of_a_user:make", seed=3)
    task = Task(
        model.double(),
        loss="cross_entropy",
        readout="logits",
        update=SGD(0.05, ("1.*", "3.weight")),
    )
    sources, probes = (load_examples("digits", first=n).to(dtype=torch.float64) for n in (6, 9))
    expected = measure_elasticity(task, sources, probes, measure="relative", step="first_order")
    assert np.array_equal(run.main.to_numpy(), expected.to_numpy())
    assert run.main["probe"].to_numpy().tolist() == list(range(9))


def test_run_file_says_everything(settings: MeasureSettings, folder: Path):
    run_measurement(settings, folder / "run")
    content = json.loads((folder / "run" / "run.json").read_text())
    wanted = dataclasses.asdict(settings) | {"command": "measure"}
    assert content["settings"] == json.loads(json.dumps(wanted))
    assert content["seeds"] == {"seed": 3}
    assert set(content["data"]) == {"weights", "sources", "probes"}
    assert content["data"]["probes"] == load_examples("digits?first=9").checksum()
    assert content["finished"] is True


def test_weights_come_from_a_file(settings: MeasureSettings, folder: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        other = load_network("work_of_a_user:make", seed=77)
    save_weights(other, folder / "w.safetensors")
    first = run_measurement(settings, folder / "first")
    loaded = run_measurement(
        dataclasses.replace(settings, weights="w.safetensors"), folder / "loaded"
    )
    assert first.record.data["weights"] != loaded.record.data["weights"]
    assert not np.array_equal(first.main.to_numpy(), loaded.main.to_numpy())


def test_finished_run_is_not_replaced_unasked(settings: MeasureSettings, folder: Path):
    run_measurement(settings, folder / "run")
    with pytest.raises(StoreError, match="holds a finished run"):
        run_measurement(settings, folder / "run")
    changed = dataclasses.replace(settings, measure="cosine")
    with pytest.raises(StoreError, match="holds a finished run with other measure; choose another"):
        run_measurement(changed, folder / "run", repeats=True)
    assert run_measurement(changed, folder / "run", overwrite=True).main.name == "cosine"


def test_working_folder_must_be_there(settings: MeasureSettings, folder: Path):
    moved = dataclasses.replace(settings, folder=str(folder / "gone"))
    with pytest.raises(InputError, match="gone, which is not there; put its files back"):
        run_measurement(moved, folder / "run")


def test_replay_gives_the_same_numbers(
    settings: MeasureSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    run_measurement(settings, folder / "run")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    replay = replay_run(folder / "run", folder / "again")
    assert replay.is_identical
    assert replay.comparisons["relative"].largest_difference == 0
    # The other working directory may lie outside of a repository; nothing else has changed.
    assert all(change.startswith("commit") for change in replay.changes)
    # The budget decides how sums are cut, so a replay takes the one that was used.
    old = RunFolder.open(folder / "run")
    used = {"memory": str(old.main.attrs["provenance"]["memory"])}
    assert replay.run.record.settings == old.record.settings | used


def test_replay_sees_what_changed(settings: MeasureSettings, folder: Path):
    run_measurement(settings, folder / "run")
    shutil.copy(folder / "work_of_a_user.py", folder / "kept.py")
    (folder / "work_of_a_user.py").write_text(MODULE.replace("Tanh", "Sigmoid"))
    sys.modules.pop("work_of_a_user")
    replay = replay_run(folder / "run", folder / "again")
    assert not replay.is_identical
    assert replay.comparisons["relative"].largest_difference > 1e-6
    record = json.loads((folder / "run" / "run.json").read_text())
    record["data"]["sources"] = "other"
    (folder / "run" / "run.json").write_text(json.dumps(record))
    changes = replay_run(folder / "run", folder / "again", overwrite=True).changes
    assert any(each.startswith("data, sources: other then, ") for each in changes)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"finished": False}, "holds a run that did not come to its end"),
        ({"settings": {"command": "cook"}}, "was made by 'cook' and can be read but not repeated"),
        ({"settings": {"command": "measure", "heat": 3}}, "do not fit this version of Neurashed"),
    ],
)
def test_run_that_cannot_be_replayed_is_refused(
    settings: MeasureSettings, folder: Path, edit: dict[str, object], message: str
):
    run_measurement(settings, folder / "run")
    record = json.loads((folder / "run" / "run.json").read_text())
    (folder / "run" / "run.json").write_text(json.dumps(record | edit))
    with pytest.raises(StoreError, match=message):
        replay_run(folder / "run", folder / "again")


def test_comparison_is_bit_for_bit():
    def label(values: list[list[float]], ids: tuple[int, int] = (0, 1)):  # noqa: ANN202
        axis = AxisLabels(ids=np.array(ids))
        return label_elasticity(
            np.array(values), sources=axis, probes=axis, name="relative", units="1", provenance={}
        )

    first = label([[1.0, np.nan], [0.3, 1.0]])
    assert compare_results(first, first.copy()).is_identical
    close = compare_results(first, label([[1.0, np.nan], [np.nextafter(0.3, 1), 1.0]]))
    assert not close.is_identical
    assert 0 < close.largest_difference < 1e-15
    holes = compare_results(first, label([[1.0, 0.5], [0.3, 1.0]]))
    assert not holes.is_identical
    assert np.isnan(holes.largest_difference)
    others = compare_results(first, label([[1.0, np.nan], [0.3, 1.0]], ids=(0, 2)))
    assert not others.is_identical
