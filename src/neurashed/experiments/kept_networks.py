"""The networks of a search in its run folder, so that a killed run need not train them again."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import final

import torch

from neurashed.errors import NeurashedError
from neurashed.experiments.whole_files import write_whole
from neurashed.results import open_result, save_result
from neurashed.subclasses import Build, MeasuredNetwork, Recipe
from neurashed.task import Task
from neurashed.training import State, load_weights, save_weights

__all__ = ["KeptNetworks"]


@final
class KeptNetworks:
    """Keeps each network of a search: weights, similarities, and the end of its training.

    The similarities are results of their own, ``results/network_0_look_0.zarr`` and so on. They are
    not listed in ``run.json``: they are parts, and with ``results/`` they are replaced. What says
    that a network is whole, ``results/network_0.json``, is written last.
    """

    def __init__(self, folder: Path, network: Build | Task, recipe: Recipe) -> None:
        """Hold where the run is and how its networks are made; touches no file.

        Args:
            folder: The run folder.
            network: What builds the networks; or a task whose network is trained already.
            recipe: How they are trained and looked at.
        """
        self._folder = folder
        self._network = network
        self._recipe = recipe

    def fetch(self, repeat: int, number: int) -> MeasuredNetwork | None:
        """Return a network that was kept whole, or None.

        Args:
            repeat: The repeat of the search, from 0.
            number: The network of this repeat, from 0.
        """
        place = self._place(repeat, number)
        try:
            record = json.loads(self._record(place).read_text(encoding="utf-8"))
            similarities = tuple(
                open_result(self._store(place, look), verify="checksums").load()
                for look in range(record["num_looks"])
            )
            state = None if record["state"] is None else State(**record["state"])
            return MeasuredNetwork(self.load_task(place, record["lr"]), similarities, state)
        except (OSError, ValueError, KeyError, TypeError, NeurashedError):
            return None

    def keep(self, repeat: int, number: int, network: MeasuredNetwork) -> None:
        """Keep a network.

        Args:
            repeat: The repeat of the search, from 0.
            number: The network of this repeat, from 0.
            network: What to keep.
        """
        place = self._place(repeat, number)
        self._record(place).unlink(missing_ok=True)
        if not isinstance(self._network, Task):
            save_weights(network.task.model, self._weights(place))
        for look, similarity in enumerate(network.similarities):
            store = self._store(place, look)
            # What is there is no whole network, or it would not be measured again.
            shutil.rmtree(store, ignore_errors=True)
            save_result(similarity, store)
        update = network.task.update
        record = {
            "num_looks": len(network.similarities),
            "state": None if network.state is None else asdict(network.state),
            "lr": None if update is None else update.lr,
        }
        write_whole(self._record(place), json.dumps(record, indent=2) + "\n")

    def load_task(self, place: int = 0, lr: float | None = None) -> Task:
        """Return a network as it was at the end of its training.

        Args:
            place: Its place among the networks of all repeats.
            lr: The learning rate that the task carries.
        """
        if isinstance(self._network, Task):
            return self._network
        # Any initial weights will do: they are replaced.
        model = self._network(torch.Generator().manual_seed(0)).eval()
        load_weights(model, self._weights(place))
        return self._recipe.training.as_task(model, lr)

    def _place(self, repeat: int, number: int) -> int:
        return repeat * self._recipe.num_networks + number

    def _record(self, place: int) -> Path:
        return self._folder / "results" / f"network_{place}.json"

    def _store(self, place: int, look: int) -> Path:
        return self._folder / "results" / f"network_{place}_look_{look}.zarr"

    def _weights(self, place: int) -> Path:
        return self._folder / "weights" / f"network_{place}.safetensors"
