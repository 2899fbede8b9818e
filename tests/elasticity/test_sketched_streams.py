"""Sketched measurements in tiles are those that fit in memory."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from closeness import assert_close
from tiled_cases import Stop, refused, stop_after
from torch import nn

import neurashed as ns
from neurashed.elasticity import MeasurementOptions, Streamed, Tiling, stream_elasticity

NUM_EXAMPLES = 150


def _setting() -> tuple[ns.Task, ns.Examples, ns.Examples]:
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 40), nn.Tanh(), nn.Linear(40, 3)).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(0.3 * torch.randn(weight.shape, generator=generator).double())
    x = torch.randn(NUM_EXAMPLES, 30, generator=generator).double()
    y = torch.randint(3, (NUM_EXAMPLES,), generator=generator)
    examples = ns.Examples(inputs=x, targets=y)
    task = ns.Task(model, loss="cross_entropy", readout="logits", lr=1e-2)
    return task, examples, examples.select(np.arange(90))


@pytest.mark.parametrize("measure", ["tangent_kernel", "cosine", "relative"])
@pytest.mark.parametrize("has_probes", [False, True])
def test_tiles_are_those_of_the_whole(measure: str, has_probes: bool, tmp_path: Path):
    task, sources, probes = _setting()
    given = (task, sources, probes if has_probes else None)
    options = MeasurementOptions(sketch=400, seed=3)
    whole = ns.measure_elasticity(*given, measure=measure, step="first_order", options=options)
    streamed = stream_elasticity(
        *given, store=tmp_path / "tiles.zarr", measure=measure, step="first_order",
        tiling=Tiling(side=64), options=options,
    )  # fmt: skip
    assert streamed.result is not None
    assert streamed.num_tiles > 2
    assert_close(streamed.result.values, whole.values, dtype=torch.float32)
    ours, theirs = (one.attrs["provenance"] for one in (streamed.result, whole))
    assert not ours["exact"]
    assert ours["sketch"] == theirs["sketch"]


def test_the_strongest_probes_of_a_sketch(tmp_path: Path):
    task, sources, _ = _setting()
    options = MeasurementOptions(sketch=0.02)
    streamed = stream_elasticity(
        task, sources, store=tmp_path / "tiles.zarr", tiling=Tiling(side=64, top_k=3),
        options=options,
    )  # fmt: skip
    assert streamed.top_probes is not None
    values = ns.tangent_kernel(task, sources, options=options).values
    np.fill_diagonal(values, 0)
    strongest = np.abs(values).argsort(axis=1)[:, :-4:-1]
    assert_close(streamed.top_probes["place"].values, strongest)


SKETCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "another dimension": ("sketch", {"sketch": 300}),
    "another seed": ("seed, sketch", {"sketch": 400, "seed": 4}),
    "an error": ("sketch", {"sketch": 0.5}),
    "none": ("sketch", {}),
}


@pytest.mark.parametrize("has_ended", [False, True])
def test_another_sketch_is_another_job(has_ended: bool, tmp_path: Path):
    task, sources, _ = _setting()
    store = tmp_path / "tiles.zarr"

    def run(**choices: Any) -> Streamed:  # noqa: ANN401
        options = MeasurementOptions(**{"seed": 3, **choices})
        return stream_elasticity(
            task, sources, store=store, tiling=Tiling(side=64), memory="64MB", options=options
        )

    if has_ended:
        run(sketch=400)
    else:
        with pytest.raises(Stop):
            run(sketch=400, progress=stop_after(2))
    what = "exists already, of a job" if has_ended else "is an unfinished job"
    for names, choices in SKETCHES.values():
        with refused(rf"tiles.zarr {what} with other {names}; .*overwrite it \(overwrite=True"):
            run(**choices)
    again = run(sketch=400)
    assert 0 < again.num_tiles - again.num_computed <= again.num_tiles
    assert again.result.attrs["provenance"]["sketch"]["requested"] == {"dimension": 400}
