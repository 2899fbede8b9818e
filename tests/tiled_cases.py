"""A small measurement in tiles, and what is to be compared of its stores; workers import it too."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurashed as ns
from neurashed.elasticity import MeasurementOptions, Streamed, Tiling
from neurashed.errors import StoreError
from neurashed.results.tiled import Storage, journal_of

NUM_EXAMPLES = 44
# Six blocks of eight examples, the last of them smaller: 21 tiles of one triangle, 36 of both.
SIDE = 8
NUM_TILES = 21
TILING = Tiling(storage=Storage(dtype="int8", triangle="both"), side=SIDE, top_k=3)


def draw_examples(
    num: int = NUM_EXAMPLES, *, seed: int = 0, first_id: int = 0, num_classes: int = 0
) -> ns.Examples:
    """Draw points with targets, and with labels if there are to be classes."""
    generator = torch.Generator().manual_seed(seed)
    return ns.Examples(
        torch.randn(num, 5, generator=generator),
        torch.randn(num, generator=generator),
        ids=list(range(first_id, first_id + num)),
        labels=np.arange(num) % num_classes if num_classes else None,
    )


def make_model(seed: int = 0) -> nn.Module:
    """Return a small network with weights of its own."""
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.data = torch.randn(weight.shape, generator=generator) / 2
    return model


def make_task(model: nn.Module | None = None) -> ns.Task:
    """Return the task of every test here."""
    return ns.Task(model or make_model(), loss="mse", readout="output", lr=1e-2)


def stream(store: Path, **changes: Any) -> Streamed:  # noqa: ANN401
    """Measure the small case to a store."""
    torch.set_num_threads(1)
    given: dict[str, Any] = {"measure": "kernelized", "tiling": TILING, "memory": "16MB", **changes}
    return ns.stream_elasticity(
        given.pop("task", None) or make_task(), given.pop("sources", None) or draw_examples(),
        given.pop("probes", None), store=store, **given,
    )  # fmt: skip


def digest_tiles(store: Path) -> dict[str, str]:
    """Return a checksum of each file of a store that holds numbers, labels or scales."""
    files = sorted(path for path in store.rglob("*") if path.is_file())
    return {
        path.relative_to(store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != "zarr.json"
    }


def content_checksum(store: Path) -> str:
    """Return what the store says of its content."""
    stamp = json.loads((store / "zarr.json").read_text())["attributes"]["neurashed"]
    assert stamp["complete"]
    return stamp["content_xxh3_128"]


def done_tiles(store: Path) -> set[str]:
    """Return the names of the tiles that the journal says are done."""
    return {path.stem for path in (journal_of(store) / "done").glob("[0-9]*.json")}


def tile_file(store: Path, row: int, column: int) -> Path:
    """Return the file of a tile."""
    return store / "kernelized" / "c" / str(row) / str(column)


def refused(message: str) -> Any:  # noqa: ANN401
    """Expect a `StoreError` that says so."""
    return pytest.raises(StoreError, match=message)


class Stop(Exception):  # noqa: N818, it is no error
    """Ends a job in the middle."""


def stop_after(num_tiles: int) -> Any:  # noqa: ANN401
    """Return a display of progress that ends the job when so many tiles are done."""

    def progress(items: Any, **_: Any) -> Any:  # noqa: ANN401
        for place, item in enumerate(items):
            if place > num_tiles:
                raise Stop
            yield item

    return progress


def interrupt(store: Path, num_tiles: int, **changes: Any) -> None:  # noqa: ANN401
    """Leave the job unfinished after some tiles."""
    options = MeasurementOptions(progress=stop_after(num_tiles))
    try:
        stream(store, options=options, **changes)
    except Stop:
        return
    message = "the job came to its end"
    raise AssertionError(message)
