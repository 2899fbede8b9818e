"""Running tiles on a Dask cluster: Dask schedules, ships and retries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from neurashed.errors import NeurashedError
from neurashed.optional import require
from neurashed.results.tiled import Tile
from neurashed.scale.work import Piece, Work, do_tile

__all__ = ["Cluster", "connect", "run_on_cluster"]

# Tiles under way for each thread of the cluster: enough to keep it busy.
_AHEAD = 2


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster and what tiles need of its workers.

    Attributes:
        client: A ``dask.distributed.Client``.
        resources: Worker resources that each tile takes, such as ``{"GPU": 1}``.
    """

    client: Any
    resources: Mapping[str, float] = field(default_factory=dict)


def connect(address: str) -> Cluster:
    """Connect to a Dask scheduler that runs.

    Args:
        address: Such as ``"tcp://10.0.0.1:8786"``.

    Returns:
        The cluster.

    Raises:
        NeurashedError: If nothing answers there.
    """
    distributed = require("distributed", extra="dask")
    try:
        return Cluster(distributed.Client(address, timeout="10s"))
    except (OSError, TimeoutError, ValueError) as error:
        message = (
            f"no Dask scheduler answers at {address}: {error}; start one with `dask scheduler` and "
            "give the address that it prints"
        )
        raise NeurashedError(message) from error


def run_on_cluster(work: Work, tiles: list[Tile], cluster: Cluster) -> Iterator[Piece]:
    """Yield pieces as workers finish them.

    Args:
        work: The work; sent once to each worker.
        tiles: The tiles to do.
        cluster: Where.

    Yields:
        A piece for each tile, without values where the worker wrote them itself.

    Raises:
        NeurashedError: If workers die of the same tile again and again.
    """
    distributed = require("distributed", extra="dask")
    client = cluster.client
    writes = work.matrix is None or _all_see(client, work.matrix.path)
    sent = work if writes else replace(work, matrix=None, reductions=())
    shared = client.scatter(replace(sent, scratch=work.scratch if writes else None), broadcast=True)
    options: dict[str, Any] = {"pure": False, "writes": writes}
    if cluster.resources:
        options["resources"] = dict(cluster.resources)
    waiting = iter(tiles)
    ahead = _AHEAD * max(1, sum(client.nthreads().values()))
    first = [client.submit(do_tile, shared, tile, **options) for tile in islice(waiting, ahead)]
    running = distributed.as_completed(first, with_results=True, raise_errors=True)
    try:
        for _, piece in running:
            for tile in islice(waiting, 1):
                running.add(client.submit(do_tile, shared, tile, **options))
            yield piece
    except distributed.KilledWorker as error:
        message = (
            f"workers of the cluster died of one tile again and again ({error}); most often they "
            f"run out of memory: the budget of each process is {work.job.budget}. Give a smaller "
            "one (memory=..., --memory), or workers with more. Tiles that are done are kept"
        )
        raise NeurashedError(message) from error
    finally:
        client.cancel(list(running.futures))


def _all_see(client: Any, path: Path) -> bool:  # noqa: ANN401
    """Return whether every worker sees the store under the same path."""
    answers = client.run(_sees, str(path / "zarr.json"), (path / "zarr.json").read_bytes())
    return all(answers.values())


def _sees(path: str, content: bytes) -> bool:
    try:
        return Path(path).read_bytes() == content
    except OSError:
        return False
