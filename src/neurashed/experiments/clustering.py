"""Hidden subclasses of one coarse label, from settings to a run folder with the clusters."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from torch import nn

from neurashed.clustering import Evidence, Method, Normalize, Undefined
from neurashed.data import CoarseTask, coarse_task, load_examples
from neurashed.errors import InputError
from neurashed.experiments.cluster_files import CLUSTERS_FILE, label_clusters, write_clusters
from neurashed.experiments.kept_networks import KeptNetworks
from neurashed.experiments.networks import checksum_weights, load_network
from neurashed.experiments.workplace import working_in
from neurashed.results import RunFolder
from neurashed.subclasses import (
    BASELINES,
    RECOMMENDED,
    Build,
    CoarseTraining,
    Protocol,
    Recipe,
    check_search,
    choose_network,
    find_subclasses,
    similarity_of_trained,
)
from neurashed.task import Task
from neurashed.typing import Measure

__all__ = ["CLUSTERED", "WITH_AUXILIARY", "ClusterSettings", "run_clustering"]

# Names of the results: the primary examples with their clusters, and one network on both sides.
CLUSTERED = "subclasses"
WITH_AUXILIARY = "primary_and_auxiliary"


@dataclass(frozen=True)
class ClusterSettings:
    """Everything a search for subclasses depends on; it is written to ``run.json``.

    Attributes:
        data: The examples, as `neurashed.data.load_examples` reads them.
        coarse: Labels of the classes behind the coarse label in question.
        auxiliary: Labels of the classes to tell them from; all others if empty.
        per_class: The first so many of each primary class; all if None.
        auxiliary_total: The first so many auxiliary examples; all if None.
        model: The network, as `load_network` reads it; a default one if None.
        weights: A file of weights; with it the network is not trained.
        loss: ``"bce"`` or ``"mse"``.
        lr: Learning rate; ``1 / λ_max`` at the initial weights if None.
        num_epochs: Passes over the training set.
        batch_size: Examples in a step of training.
        looks: When similarities are taken, as shares of the training.
        num_networks: How many networks are trained; their similarities are averaged.
        protocol: ``"trained"`` or ``"while_training"``, see `neurashed.subclasses.Recipe`.
        measure: What is made of the responses.
        num_clusters: How many clusters; chosen by evidence if None.
        method: ``"kernel_k_means"``, ``"k_means_on_rows"``, ``"spectral"`` or ``"eigenmaps"``.
        normalize: ``"none"``, ``"cosine"``, ``"center"`` or ``"center_cosine"``.
        num_neighbors: Neighbors of each example where a graph is used.
        evidence: What chooses the number of clusters: ``"eigengap"`` or ``"silhouette"``.
        undefined: ``"refuse"`` or ``"drop"``.
        num_repeats: How often everything is done again from another seed, for intervals.
        baselines: What the clusters are held against; see `neurashed.subclasses.BASELINES`.
        seed: Seed of everything.
        folder: Where relative paths and modules are looked for.
    """

    data: str
    coarse: tuple[str, ...]
    auxiliary: tuple[str, ...] = ()
    per_class: int | None = None
    auxiliary_total: int | None = None
    model: str | None = None
    weights: str | None = None
    loss: str = RECOMMENDED.training.loss
    lr: float | None = RECOMMENDED.training.lr
    num_epochs: int = RECOMMENDED.training.num_epochs
    batch_size: int = RECOMMENDED.training.batch_size
    looks: tuple[float, ...] = RECOMMENDED.training.looks
    num_networks: int = RECOMMENDED.num_networks
    protocol: Protocol = RECOMMENDED.protocol
    measure: Measure = RECOMMENDED.measure
    num_clusters: int | None = None
    method: Method = RECOMMENDED.method
    normalize: Normalize = RECOMMENDED.normalize
    num_neighbors: int | None = None
    evidence: Evidence = "eigengap"
    undefined: Undefined = "refuse"
    num_repeats: int = 1
    baselines: tuple[str, ...] = tuple(BASELINES)
    seed: int = 0
    folder: str = field(default_factory=os.getcwd)

    @property
    def training(self) -> CoarseTraining:
        """How a network learns the coarse label."""
        return CoarseTraining(self.loss, self.lr, self.num_epochs, self.batch_size, self.looks)

    @property
    def recipe(self) -> Recipe:
        """Everything that is chosen when subclasses are looked for."""
        return Recipe(
            training=self.training,
            protocol=self.protocol,
            measure=self.measure,
            num_networks=self.num_networks,
            num_clusters=self.num_clusters,
            method=self.method,
            normalize=self.normalize,
            num_neighbors=self.num_neighbors,
            evidence=self.evidence,
            undefined=self.undefined,
        )


def run_clustering(
    settings: ClusterSettings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Find subclasses, and keep everything in a run folder.

    The folder gets two results. ``subclasses`` is the similarity of the primary examples, with
    ``cluster``, ``typicality`` and ``margin`` of each as coordinates. ``primary_and_auxiliary``,
    the main one, is what one trained network makes of the primary and as many auxiliary examples,
    for what moves with the wrong side. Clusters lie in ``clusters.csv`` too, and the weights of
    each network under ``weights/``. Each network and its similarities are kept as soon as they are
    there, see `KeptNetworks`; a run that was killed goes on after them, to the same numbers.

    Args:
        settings: The search.
        path: The run folder, new or empty; a run of the same settings that was killed is resumed.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.

    Returns:
        The finished run folder.
    """
    coarse, network = _load(settings)
    repeats, baselines = settings.num_repeats, settings.baselines
    check_search(coarse, network, settings.recipe, num_repeats=repeats, baselines=baselines)
    data = {
        "primary": coarse.primary.checksum(),
        "auxiliary": coarse.auxiliary.checksum(),
    }
    if isinstance(network, Task):
        data["weights"] = checksum_weights(network.model)
    run = RunFolder.create(
        path,
        settings={"command": "cluster", **asdict(settings)},
        seeds={"seed": settings.seed},
        data=data,
        overwrite=overwrite,
    )
    kept = KeptNetworks(run.path, network, settings.recipe)
    found = find_subclasses(
        coarse,
        network,
        settings.recipe,
        num_repeats=repeats,
        baselines=baselines,
        seed=settings.seed,
        progress=progress,
        shelf=kept,
    )
    if WITH_AUXILIARY not in run.finished:
        task = kept.load_task(lr=settings.lr)
        run.add_result(WITH_AUXILIARY, _measure_both(task, coarse, settings))
    run.add_result(CLUSTERED, label_clusters(found))
    write_clusters(found, run.path / CLUSTERS_FILE)
    run.finish()
    return run


def _load(settings: ClusterSettings) -> tuple[CoarseTask, Build | Task]:
    with working_in(settings.folder):
        coarse = coarse_task(
            load_examples(settings.data),
            primary=settings.coarse,
            auxiliary=settings.auxiliary or None,
            primary_per_class=settings.per_class,
            auxiliary_total=settings.auxiliary_total,
        )
        if settings.weights is not None:
            if settings.model is None:
                message = (
                    f"weights are {settings.weights} and no model is named; name the network that "
                    "they belong to"
                )
                raise InputError(message)
            model = load_network(settings.model, weights=Path(settings.weights), seed=settings.seed)
            return coarse, settings.training.as_task(model, settings.lr)
    return coarse, choose_network(coarse) if settings.model is None else _builder(settings)


def _builder(settings: ClusterSettings) -> Build:
    def build(generator: torch.Generator) -> nn.Module:
        seed = int(torch.randint(2**62, (), generator=generator))
        with working_in(settings.folder):
            return load_network(str(settings.model), seed=seed)

    return build


def _measure_both(task: Task, coarse: CoarseTask, settings: ClusterSettings) -> xr.DataArray:
    examples = coarse.training
    both = examples.select(slice(0, 2 * len(coarse.primary)))
    return similarity_of_trained(task, both, measure=settings.measure)
