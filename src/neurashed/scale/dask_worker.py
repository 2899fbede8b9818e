"""What a Dask worker holds of a job, however many of its tiles it does.

Only reached where `distributed` is installed.
"""

import pickle
import threading
from dataclasses import replace
from pathlib import Path

from distributed import Worker, WorkerPlugin, get_worker

from neurashed.results.tiled import Tile
from neurashed.scale.work import Piece, Work, do_tile, forget

__all__ = ["Delivery", "do_delivered", "list_resources"]

_OPENING = threading.Lock()


class Delivery(WorkerPlugin):
    """Work on its way: Dask brings it once to each worker, to those that come later too."""

    def __init__(self, key: str, content: bytes, mark: Path) -> None:
        """Wrap work.

        Args:
            key: The key of the work.
            content: The work, pickled.
            mark: A file that only who sees the store sees.
        """
        self.name = key
        self._content = content
        self._work: Work | None = None
        self._mark = mark

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002
        """Let go of what was opened for the work."""
        forget(self.name)

    def do(self, tile: Tile) -> Piece:
        """Compute a tile, and write it if the store is seen from here."""
        work = self._open()
        if self._mark.exists():
            return do_tile(work, tile)
        return do_tile(replace(work, scratch=None), tile, writes=work.matrix is None)

    def _open(self) -> Work:
        with _OPENING:
            if self._work is None:
                self._work = _load(self._content)
                self._content = b""
            return self._work


def _load(content: bytes) -> Work:
    return pickle.loads(content)


def do_delivered(key: str, tile: Tile) -> Piece:
    """Compute a tile of the work that was delivered under a key to the worker that runs this."""
    return get_worker().plugins[key].do(tile)  # pyright: ignore[reportAttributeAccessIssue]


def list_resources(dask_worker: Worker) -> dict[str, float]:
    """Return what a worker offers; Dask fills in the worker."""
    return dict(dask_worker.state.total_resources)
