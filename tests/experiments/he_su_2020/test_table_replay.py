"""The clustering tables made again: what a folder holds, number by number."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from table_cases import SMALL, WHOLE

from neurashed.errors import StoreError
from neurashed.experiments import replay_run
from neurashed.experiments.he_su_2020.tables import (
    read_cells,
    run_tables,
)
from neurashed.results import RunFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return run_tables(SMALL, WHOLE, tmp_path_factory.mktemp("tables") / "run")


def test_what_was_made_is_repeated_and_nothing_else(run: RunFolder, tmp_path: Path):
    copy = tmp_path / "part"
    shutil.copytree(run.path, copy)
    for name in ("k_means_0", "linear_mse_3", "relu_bce_3"):
        (copy / "results/units" / f"digits_5v8_{name}.json").unlink()
    again = replay_run(copy, tmp_path / "again")
    assert again.is_identical
    assert list(again.comparisons) == [
        f"digits 5v8 {name}" for name in ("k_means 3", "linear_mse 0", "relu_bce 0")
    ]
    assert read_cells(again.run) == read_cells(RunFolder.open(copy))


def test_a_cell_that_changed_is_seen(run: RunFolder, tmp_path: Path):
    copy = tmp_path / "part"
    shutil.copytree(run.path, copy)
    for path in (copy / "results/units").glob("*_[lr]*.json"):
        path.unlink()
    path = copy / "results/units/digits_5v8_k_means_0.json"
    record = json.loads(path.read_text())
    record["rows"]["k_means"]["accuracy"] -= 0.25
    path.write_text(json.dumps(record))
    again = replay_run(copy, tmp_path / "again")
    assert again.comparisons["digits 5v8 k_means 0"].largest_difference == pytest.approx(0.25)
    assert again.comparisons["digits 5v8 k_means 3"].is_identical


def test_units_that_do_not_say_where_their_images_are_are_not_repeated(
    run: RunFolder, tmp_path: Path
):
    copy = tmp_path / "part"
    shutil.copytree(run.path, copy)
    path = copy / "results/units/digits_5v8_k_means_0.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({name: record[name] for name in record if name != "spec"}))
    with pytest.raises(StoreError, match="do not say where their images are; make the tables"):
        replay_run(copy, tmp_path / "again")


def test_a_folder_without_units_is_not_repeated(tmp_path: Path):
    settings = {"command": "reproduce he-su-2020 tables", **asdict(SMALL)}
    RunFolder.create(tmp_path / "run", settings=settings)
    with pytest.raises(StoreError, match="holds no unit of the tables; make some"):
        replay_run(tmp_path / "run", tmp_path / "again")
    assert not (tmp_path / "again").exists()
