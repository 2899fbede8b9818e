"""Runs whose result is kept in tiles go on wherever they were stopped."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiled_cases import digest_tiles

from neurashed.errors import StoreError
from neurashed.experiments import MeasureSettings, measurement, run_measurement
from neurashed.results import RunFolder
from neurashed.results.tiled import Journal, journal_of


class Stop(Exception):  # noqa: N818, it is no error
    """Stands for the end of the process."""


MODULE = """
from torch import nn

def make():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Tanh(), nn.Linear(5, 10))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[MeasureSettings]:
    (tmp_path / "network_of_a_user.py").write_text(MODULE)
    yield MeasureSettings(
        model="network_of_a_user:make", data="digits?first=30", measure="cosine",
        store="float32", top=3, memory="64MB", folder=str(tmp_path),
    )  # fmt: skip
    sys.modules.pop("network_of_a_user", None)


@pytest.mark.parametrize("keep_matrix", [True, False])
@pytest.mark.parametrize(
    "last", ["stream_elasticity", "class_table.json", "top_probes.zarr", "list_result", "finish"]
)
def test_stopped_between_two_steps(
    last: str,
    keep_matrix: bool,
    settings: MeasureSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    if not keep_matrix and last == "list_result":
        pytest.skip("nothing is listed")
    settings = replace(settings, keep_matrix=keep_matrix)
    whole = run_measurement(settings, tmp_path / "whole")
    place: Any = RunFolder if last in {"list_result", "finish"} else measurement
    place, name = (Path, "rename") if "." in last else (place, last)
    former = getattr(place, name)

    def stop_after(*given: Any, **options: Any) -> Any:  # noqa: ANN401
        found = former(*given, **options)
        if name != "rename" or given[1].name == last:
            raise Stop
        return found

    with monkeypatch.context() as patch:
        patch.setattr(place, name, stop_after)
        with pytest.raises(Stop):
            run_measurement(settings, tmp_path / "run")
    with monkeypatch.context() as patch:
        if last != "stream_elasticity":  # which looks, and finds that all is done
            patch.delattr(measurement, "stream_elasticity")
        patch.setattr("neurashed.elasticity.streaming.run_work", None)
        run = run_measurement(settings, tmp_path / "run", repeats=True)
    assert RunFolder.open(tmp_path / "run").record.finished
    found, expected = (digest_tiles(each.path / "results") for each in (run, whole))
    assert "class_table.json" in expected
    assert found == expected


def test_run_that_another_process_writes_is_left_alone(settings: MeasureSettings, tmp_path: Path):
    run = run_measurement(settings, tmp_path / "run")
    other = Journal(run.path / "results" / "other.zarr")
    other.folder.mkdir()
    other.take()
    with pytest.raises(StoreError, match=r"other.zarr is being written by another process"):
        run_measurement(settings, tmp_path / "run", overwrite=True)
    other.close()
    assert run.main.shape == (30, 30)
    assert journal_of(other.target).exists()
    run_measurement(settings, tmp_path / "run", overwrite=True)
