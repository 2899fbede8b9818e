"""Runs whose result is kept in tiles go on wherever they were stopped."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurashed.errors import StoreError
from neurashed.experiments import MeasureSettings, measurement, run_measurement
from neurashed.results import RunFolder, open_class_table, open_top_probes
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
    "last", ["stream_elasticity", "save_class_table", "rename", "list_result", "finish"]
)
def test_stopped_between_two_steps(
    last: str,
    keep_matrix: bool,
    settings: MeasureSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    if not keep_matrix and last in {"stream_elasticity", "list_result"}:
        pytest.skip("nothing is listed, and the table was not yet kept")
    settings = replace(settings, keep_matrix=keep_matrix)
    whole = run_measurement(settings, tmp_path / "whole")
    place = {"list_result": RunFolder, "finish": RunFolder, "rename": Path}.get(last, measurement)
    former = getattr(place, last)

    def stop_after(*given: Any, **options: Any) -> Any:  # noqa: ANN401
        found = former(*given, **options)
        if last != "rename" or given[1].name == "top_probes.zarr":
            raise Stop
        return found

    with monkeypatch.context() as patch:
        patch.setattr(place, last, stop_after)
        with pytest.raises(Stop):
            run_measurement(settings, tmp_path / "run")
    if last != "finish":
        run_measurement(settings, tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    assert run.record.finished
    for found, expected in (
        (open_top_probes(run.top_probes_path), open_top_probes(whole.top_probes_path)),
        (open_class_table(run.class_table_path), open_class_table(whole.class_table_path)),
    ):
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
    if keep_matrix:
        np.testing.assert_array_equal(run.main.values, whole.main.values)


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
