"""Running tiles on a Dask cluster: Dask schedules, ships and retries."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from neurashed.errors import InputError, NeurashedError
from neurashed.optional import require
from neurashed.results.tiled import Tile, explain_write
from neurashed.scale.exhaustion import explain_exhaustion
from neurashed.scale.work import Piece, Work

__all__ = ["Cluster", "connect", "run_on_cluster"]


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster and what tiles need of its workers.

    Attributes:
        client: A ``dask.distributed.Client``.
        resources: Worker resources that each tile takes, such as ``{"GPU": 1.0}``.
    """

    client: Any
    resources: Mapping[str, float] = field(default_factory=dict)


def connect(address: str, *, timeout: float = 10) -> Cluster:
    """Connect to a Dask scheduler that runs.

    Args:
        address: Such as ``"tcp://10.0.0.1:8786"``.
        timeout: Seconds to wait for an answer.

    Returns:
        The cluster.

    Raises:
        NeurashedError: If nothing answers there.
    """
    distributed = require("distributed", extra="dask")
    try:
        return Cluster(distributed.Client(address, timeout=timeout))
    except (OSError, ValueError) as error:
        message = (
            f"no Dask scheduler answers at {address}: {error}; start one with `dask scheduler` and "
            "give the address that it prints"
        )
        raise NeurashedError(message) from error


def run_on_cluster(
    work: Work, tiles: list[Tile], cluster: Cluster, folder: Path
) -> Generator[Piece]:
    """Yield pieces as workers finish them.

    Args:
        work: The work; sent once to each worker.
        tiles: The tiles to do.
        cluster: Where.
        folder: A folder beside the store, seen by the workers that see the store.

    Yields:
        A piece for each tile, without values where the worker wrote them itself.

    Raises:
        NeurashedError: If workers die of the same tile again and again, or the cluster is lost.
    """
    distributed = require("distributed", extra="dask")
    worker = require("neurashed.scale.dask_worker", extra="dask")
    client = cluster.client
    _check_resources(cluster, worker)
    mark = _mark(folder, work.key)
    client.register_plugin(worker.Delivery(work.key, _pickle(work, distributed), mark))
    options: dict[str, Any] = {"pure": False}
    if cluster.resources:
        options["resources"] = dict(cluster.resources)
    running = distributed.as_completed(
        [client.submit(worker.do_delivered, work.key, tile, **options) for tile in tiles],
        with_results=True,
    )
    try:
        with explain_exhaustion(work.job, distributed.KilledWorker):
            for _, piece in running:
                if not isinstance(piece, Piece):  # the future was cancelled
                    message = (
                        f"the Dask cluster was lost ({piece}); tiles that are done are kept: "
                        "repeat the command to go on"
                    )
                    raise NeurashedError(message)
                yield piece
    finally:
        _clean_up(client, running, work.key)


def _clean_up(client: Any, running: Any, key: str) -> None:  # noqa: ANN401
    if client.status == "running":
        client.cancel(list(running.futures))
        client.unregister_worker_plugin(key)


def _mark(folder: Path, key: str) -> Path:
    """Leave a file by which workers know whether they see the store."""
    mark = folder / f"{key}.mark"
    with explain_write(mark):
        mark.touch()
    return mark


def _pickle(work: Work, distributed: ModuleType) -> bytes:
    try:
        return distributed.protocol.pickle.dumps(work)
    except Exception as error:  # whatever the state of a model raises
        message = (
            f"the work cannot be sent to the workers: {error}; give a model and data that can be "
            "pickled"
        )
        raise InputError(message) from error


def _check_resources(cluster: Cluster, worker: ModuleType) -> None:
    """Refuse what no worker offers: Dask would wait for such a worker without a word."""
    if not cluster.resources:
        return
    offers = cluster.client.run(worker.list_resources).values()
    needs = cluster.resources.items()
    if offers and not any(all(o.get(name, 0) >= need for name, need in needs) for o in offers):
        message = (
            f"each tile takes {dict(cluster.resources)} and no worker offers it; start workers "
            "with it (dask worker --resources 'GPU=1')"
        )
        raise InputError(message)
