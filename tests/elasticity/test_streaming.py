"""Measurements in tiles come to the numbers of those in memory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from closeness import assert_close
from measurement_cases import measured
from tiled_cases import TILING, digest_tiles, draw_examples, make_model, make_task, stream
from torch import nn
from zoo import CASES, Case

import neurashed as ns
from neurashed.elasticity import MeasurementOptions, Tiling
from neurashed.engine import blocks
from neurashed.results import class_table, open_class_table
from neurashed.results.tiled import Storage

DOUBLE = Tiling(storage=Storage(dtype="float64"), side=8)


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize("case", CASES[::4], ids=repr)
def test_every_fourth_model_of_the_zoo_as_in_memory(case: Case, tmp_path: Path):
    ready = measured(case)
    tiling = replace(DOUBLE, side=3)
    for number, probes in enumerate((None, ready.probes)):
        expected = ns.tangent_kernel(ready.task, ready.sources, probes)
        found = ns.stream_elasticity(
            ready.task, ready.sources, probes, store=tmp_path / f"{number}.zarr", tiling=tiling
        )
        assert_close(found.result, expected)


@pytest.mark.parametrize("step", ["exact", "first_order"])
@pytest.mark.parametrize("measure", ["relative", "kernelized", "cosine", "loss_change"])
@pytest.mark.parametrize("has_probes", [False, True])
def test_measures_as_in_memory(measure: str, step: str, has_probes: bool, tmp_path: Path):
    task, sources = make_task(make_model().double()), draw_examples()
    sources = replace(sources, inputs=sources.inputs.double(), targets=sources.targets.double())
    probes = sources.select(range(20)) if has_probes else None
    expected = ns.measure_elasticity(task, sources, probes, measure=measure, step=step)
    found = ns.stream_elasticity(
        task, sources, probes, store=tmp_path / "s.zarr", measure=measure, step=step, tiling=DOUBLE
    ).result
    assert_close(found, expected, kind="difference" if step == "exact" else "value")
    assert set(found.coords) == set(expected.coords)
    for name in expected.coords:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
    known = ("measure", "step", "loss", "readout", "update", "coverage", "data", "undefined")
    ours, theirs = found.attrs["provenance"], expected.attrs["provenance"]
    assert {name: ours[name] for name in known} == {name: theirs[name] for name in known}


def test_spilled_and_recomputed_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spilled, save = [], blocks.save_file
    monkeypatch.setattr(
        blocks, "save_file", lambda rows, path: (spilled.append(path), save(rows, path))
    )
    generator = torch.Generator().manual_seed(0)
    sources = ns.Examples(torch.randn(640, 784, generator=generator), torch.zeros(640))
    task = make_task(nn.Sequential(nn.Linear(784, 512), nn.Tanh(), nn.Linear(512, 1)))
    options = MeasurementOptions(dtype="float64")
    found = {
        scratch: ns.stream_elasticity(
            task, sources, store=tmp_path / f"{scratch}.zarr", memory="16MB", options=options,
            tiling=Tiling(side=128, scratch=scratch),
        )
        for scratch in ("none", "disk")
    }  # fmt: skip
    assert spilled
    assert digest_tiles(found["disk"].path) == digest_tiles(found["none"].path)


def test_any_zarr_reader_sees_both_triangles(tmp_path: Path):
    tiling = replace(TILING, storage=Storage(triangle="both"))
    result = stream(tmp_path / "s.zarr", tiling=tiling).result
    plain = xr.open_zarr(tmp_path / "s.zarr", consolidated=False)["kernelized"]
    np.testing.assert_array_equal(plain.values, result.values)
    np.testing.assert_array_equal(plain.values, plain.values.T)
    np.testing.assert_array_equal(plain["source"], np.arange(44))


def test_one_triangle_reads_as_both(tmp_path: Path):
    both, lower = (
        stream(tmp_path / f"{name}.zarr", tiling=replace(TILING, storage=Storage(triangle=name)))
        for name in ("both", "lower")
    )
    np.testing.assert_array_equal(both.result.values, lower.result.values)
    assert len(digest_tiles(lower.path)) < len(digest_tiles(both.path))


@pytest.mark.parametrize("triangle", ["lower", "both"])
def test_what_is_kept_beside_few_bits_is_of_the_numbers_that_are_read(
    triangle: str, tmp_path: Path
):
    storage = Storage("int8", triangle)
    tiling = replace(TILING, storage=storage, class_table=True, top_k=43)
    sources = draw_examples(num_classes=3)
    streamed = stream(tmp_path / "s.zarr", sources=sources, tiling=tiling)
    values, top = streamed.result.values, streamed.top_probes
    np.testing.assert_array_equal(values, values.T)
    found = np.take_along_axis(values, top["place"].values, axis=1)
    np.testing.assert_array_equal(top["value"].values, found)
    expected = class_table(streamed.result, statistic="mean")["value"].values
    assert_close(streamed.class_table["value"].values, expected, dtype=torch.float32)


def test_a_class_table_alone_leaves_no_store(tmp_path: Path):
    task = make_task(make_model())
    plain = draw_examples()
    examples = replace(plain, labels=np.array(["a", "b"])[np.arange(len(plain)) % 2])
    tiling = Tiling(class_table=True, keep_matrix=False)
    streamed = ns.stream_elasticity(task, examples, store=tmp_path / "kernel.zarr", tiling=tiling)
    assert streamed.path is None
    assert streamed.top_probes_path is None
    assert streamed.class_table_path == tmp_path / "kernel.class_table.json"
    assert list(tmp_path.iterdir()) == [streamed.class_table_path]
    expected = ns.tangent_kernel(task, examples)
    found = open_class_table(streamed.class_table_path)
    xr.testing.assert_identical(found, streamed.class_table)
    assert_close(found["value"].values, class_table(expected, statistic="mean")["value"].values)
