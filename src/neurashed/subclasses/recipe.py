"""Everything that is chosen when subclasses are looked for."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import xarray as xr

from neurashed.clustering import Evidence, Method, Normalize, Undefined, cluster_by_elasticity
from neurashed.data import CoarseTask
from neurashed.elasticity import MeasurementOptions
from neurashed.errors import InputError
from neurashed.seeding import derive_seed
from neurashed.subclasses.averaging import average_similarities
from neurashed.subclasses.coarse_training import Build, CoarseTraining, train_on_coarse_labels
from neurashed.subclasses.measured import MeasuredNetwork
from neurashed.subclasses.trained import similarity_of_trained
from neurashed.subclasses.while_training import similarity_while_training
from neurashed.task import Task
from neurashed.training import State
from neurashed.typing import Measure

__all__ = ["Protocol", "Recipe"]

Protocol = Literal["trained", "while_training"]


@dataclass(frozen=True)
class Recipe:
    """Everything that is chosen when subclasses are looked for; nothing in it knows a subclass.

    Attributes:
        training: How a network learns the coarse label, and when it is looked at.
        protocol: ``"trained"`` for `similarity_of_trained`, the reference code's; or
            ``"while_training"`` for `similarity_while_training`, the paper's, in which a copy of
            the network walks through the data from the weights of each look.
        measure: What is made of the responses.
        num_networks: How many networks are trained; their similarities are averaged.
        num_clusters: How many clusters; chosen by evidence if None.
        method: ``"kernel_k_means"``, ``"k_means_on_rows"``, ``"spectral"`` or ``"eigenmaps"``.
        normalize: What is taken out of a similarity before clustering, and out of each before
            several are averaged.
        num_neighbors: Neighbors of each example where a graph is used.
        evidence: What chooses the number of clusters.
        undefined: Whether examples with undefined similarities are refused or left out.
        dtype: Precision of the measurement; the network's own if None.

    Raises:
        InputError: If there is no network.
    """

    training: CoarseTraining = field(default_factory=CoarseTraining)
    protocol: Protocol = "trained"
    measure: Measure = "kernelized"
    num_networks: int = 1
    num_clusters: int | None = None
    method: Method = "kernel_k_means"
    normalize: Normalize = "cosine"
    num_neighbors: int | None = None
    evidence: Evidence = "eigengap"
    undefined: Undefined = "refuse"
    dtype: str | None = None

    def __post_init__(self) -> None:
        """Check the number of networks."""
        if self.num_networks < 1:
            message = f"num_networks is {self.num_networks}; train at least 1"
            raise InputError(message)

    def moments(
        self, coarse: CoarseTask, network: Build | Task, number: int, *, seed: int
    ) -> Iterator[tuple[Task, State | None]]:
        """Train one of the networks, and stop wherever a similarity is wanted.

        Args:
            coarse: The examples.
            network: Makes a network; or a task whose network is trained already, which is the only
                moment then.
            number: Which of the networks, from 0.
            seed: Seed of the search; initial weights and the order of the data follow from it and
                the number.

        Yields:
            The task at this moment and the state of training, if there is one.
        """
        if isinstance(network, Task):
            yield network, None
            return
        seed_of_network = derive_seed(seed, "network", number)
        yield from train_on_coarse_labels(network, coarse, self.training, seed=seed_of_network)

    def measure_network(
        self, coarse: CoarseTask, network: Build | Task, number: int, *, seed: int
    ) -> MeasuredNetwork:
        """Train one of the networks and take its similarities on the way.

        Args:
            coarse: The examples.
            network: As in `moments`.
            number: Which of the networks, from 0.
            seed: Seed of the search.

        Returns:
            The network and what was measured of it.
        """
        first_look = number * len(self.training.epochs)
        similarities: list[xr.DataArray] = []
        measured: MeasuredNetwork | None = None
        for task, state in self.moments(coarse, network, number, seed=seed):
            walk_seed = derive_seed(seed, "look", first_look + len(similarities))
            similarities.append(self.measure_at(task, coarse, seed=walk_seed))
            measured = MeasuredNetwork(task, tuple(similarities), state)
        assert measured is not None  # there is at least one look
        return measured

    def measure_at(self, task: Task, coarse: CoarseTask, *, seed: int) -> xr.DataArray:
        """Return the similarity of the primary examples at one moment; the network is unchanged.

        Args:
            task: The task at this moment.
            coarse: The examples.
            seed: Seed of the order of a walk.

        Returns:
            The similarity ``(source, probe)``, as it was measured.
        """
        if self.protocol == "while_training":
            walker = Task(
                copy.deepcopy(task.model), loss=task.loss, readout=task.readout, update=task.update
            )
            return similarity_while_training(walker, coarse, measure=self.measure, seed=seed)
        options = MeasurementOptions(dtype=self.dtype)
        return similarity_of_trained(task, coarse.primary, measure=self.measure, options=options)

    def combine(self, similarities: list[xr.DataArray]) -> xr.DataArray:
        """Return the average of several similarities; a single one stays as it was measured."""
        if len(similarities) == 1:
            return similarities[0]
        return average_similarities(similarities, normalize=self.normalize)

    def cluster(
        self, similarity: xr.DataArray, num_clusters: int | None, *, seed: int
    ) -> xr.Dataset:
        """Cluster the primary examples; see `neurashed.clustering.cluster_by_elasticity`."""
        choices: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("method", "normalize", "num_neighbors", "evidence", "undefined")
        }
        state = derive_seed(seed, "clustering") % 2**32
        return cluster_by_elasticity(similarity, num_clusters, **choices, random_state=state)
