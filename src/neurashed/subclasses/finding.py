"""One call: clusters of the primary examples, how well they agree, and what else would have."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from torch import nn

from neurashed.clustering import agreement
from neurashed.data import CoarseTask
from neurashed.errors import InputError, InputTypeError, NeurashedWarning
from neurashed.subclasses.baselines import BASELINES, cluster_by_baseline
from neurashed.subclasses.coarse_training import Build
from neurashed.subclasses.default_network import choose_network
from neurashed.subclasses.measured import MeasuredNetwork, Shelf
from neurashed.subclasses.recipe import Recipe
from neurashed.subclasses.recommended import RECOMMENDED
from neurashed.task import Task
from neurashed.training import State

__all__ = ["check_search", "find_subclasses"]

_OURS = "elasticity"
_SEEN_OF_TRAINING = ("loss", "accuracy", "lr_lambda_max", "dead_fraction")


def find_subclasses(
    coarse: CoarseTask,
    network: Build | Task | None = None,
    recipe: Recipe | None = None,
    *,
    num_repeats: int = 1,
    baselines: Sequence[str] = tuple(BASELINES),
    seed: int = 0,
    progress: Callable[..., Any] | None = None,
    shelf: Shelf | None = None,
) -> xr.Dataset:
    """Find finer classes among examples that share a coarse label.

    Networks learn to tell the primary from the auxiliary examples; a step on a primary example
    moves others; those that move each other are put together. The coarse label is the only one
    that is read. Where finer labels are known they score the clusters, afterwards.

    Args:
        coarse: The primary and auxiliary examples.
        network: A function that builds a network with one output from a generator; or a task whose
            network is trained already; or None for a default network.
        recipe: Training, protocol, measure and clustering; `RECOMMENDED` if None.
        num_repeats: How often everything is done again from another seed, for intervals. The
            clusters that are returned are those of the first.
        baselines: Names from `BASELINES`; one that does not apply is left out with a warning.
        seed: Seed of everything.
        progress: Shows how far the work has come.
        shelf: Keeps each network and its similarities as soon as they are there, and gives back
            those of an earlier search with the same arguments. The numbers are the same.

    Returns:
        Along ``source``: ``cluster``, ``typicality`` and ``margin``, see
        `neurashed.clustering.cluster_by_elasticity`. Beside them ``similarity``
        ``(source, probe)``; ``cluster_by_approach`` ``(approach, repeat, source)``, of which the
        first is ``elasticity``; ``accuracy``, ``nmi`` and ``ari`` ``(approach, repeat)`` where
        finer labels are known; and the end of each training, ``training_loss``,
        ``training_accuracy``, ``lr_lambda_max`` and ``dead_fraction`` ``(repeat, network)``.

    Raises:
        InputError: If there are fewer primary examples than clusters, or no repeat.

    Example:
        >>> import torch
        >>> from neurashed.data import Examples
        >>> from neurashed.models import MLP
        >>> inputs = torch.tensor([[-3.0, 0], [-3, 0.1], [3, 0], [3, 0.1], [0, 1], [0, -1]])
        >>> names = ["left", "left", "right", "right", "other", "other"]
        >>> ids = list("abcdef")
        >>> examples = Examples(inputs, ids=ids, labels=names)
        >>> from neurashed.data import coarse_task
        >>> coarse = coarse_task(examples, primary=["left", "right"])
        >>> found = find_subclasses(
        ...     coarse,
        ...     lambda generator: MLP(2, [16], generator=generator),
        ...     Recipe(num_clusters=2),
        ...     baselines=["k_means"],
        ... )
        >>> found["cluster"].values.tolist(), found["accuracy"].values.tolist()
        ([0, 0, 1, 1], [[1.0], [1.0]])
    """  # noqa: DOC502 (raised by what is called)
    recipe = recipe or RECOMMENDED
    check_search(coarse, network, recipe, num_repeats=num_repeats, baselines=baselines)
    network = choose_network(coarse) if network is None else network
    runs: list[_Run] = []
    for repeat in range(num_repeats):
        number = runs[0].num_clusters if runs else recipe.num_clusters
        measured = _measure(
            _Search(coarse, network, recipe, repeat, seed + repeat), progress, shelf
        )
        run = _cluster(measured, recipe, number, seed=seed + repeat)
        run.labels.update(_cluster_otherwise(run, coarse, baselines, seed=seed + repeat))
        baselines = [name for name in baselines if name in run.labels]
        runs.append(run)
    return _assemble(coarse, recipe, runs, seed)


@dataclass(frozen=True)
class _Run:
    """One repeat: its similarity and clusters, the last task, and the end of each training."""

    similarity: xr.DataArray
    clusters: xr.Dataset
    task: Task
    states: list[State]
    labels: dict[str, np.ndarray]

    @property
    def num_clusters(self) -> int:
        return int(self.clusters.attrs["num_clusters"])


def check_search(
    coarse: CoarseTask,
    network: Build | Task | None,
    recipe: Recipe,
    *,
    num_repeats: int,
    baselines: Sequence[str],
) -> None:
    """Refuse what `find_subclasses` would refuse, before any work; the arguments are the same.

    Raises:
        InputTypeError: If the network is a module by itself.
        InputError: If there are too few examples, nothing to repeat, or an unknown baseline.
    """
    if isinstance(network, nn.Module):
        message = (
            f"network is a {type(network).__name__}; give neurashed.Task(network) if it is trained "
            "already, or a function of a generator that builds one to be trained"
        )
        raise InputTypeError(message)
    least = recipe.num_clusters or 2
    if len(coarse.primary) < least:
        message = (
            f"there are {len(coarse.primary)} primary examples for {least} clusters; give more "
            "examples or ask for fewer clusters"
        )
        raise InputError(message)
    if num_repeats < 1:
        message = f"num_repeats is {num_repeats}; give at least 1"
        raise InputError(message)
    unknown = [name for name in baselines if name not in BASELINES]
    if unknown:
        message = f"unknown baselines {unknown}; use some of {', '.join(BASELINES)}"
        raise InputError(message)


@dataclass(frozen=True)
class _Search:
    """What one repeat looks into."""

    coarse: CoarseTask
    network: Build | Task
    recipe: Recipe
    repeat: int
    seed: int

    def measure(self, number: int, shelf: Shelf | None) -> MeasuredNetwork:
        """Return a network from the shelf, or train and measure it and put it there."""
        if shelf is not None and (kept := shelf.fetch(self.repeat, number)) is not None:
            return kept
        measured = self.recipe.measure_network(self.coarse, self.network, number, seed=self.seed)
        if shelf is not None:
            shelf.keep(self.repeat, number, measured)
        return measured


def _measure(
    search: _Search, progress: Callable[..., Any] | None, shelf: Shelf | None
) -> list[MeasuredNetwork]:
    num_networks = 1 if isinstance(search.network, Task) else search.recipe.num_networks
    numbers = list(range(num_networks))
    ticks = progress(numbers, description="Networks") if progress else numbers
    return [search.measure(number, shelf) for number in ticks]


def _cluster(
    networks: list[MeasuredNetwork], recipe: Recipe, num_clusters: int | None, *, seed: int
) -> _Run:
    similarity = recipe.combine([each for one in networks for each in one.similarities])
    clusters = recipe.cluster(similarity, num_clusters, seed=seed)
    states = [each.state for each in networks if each.state is not None]
    labels = {_OURS: clusters["cluster"].values}
    return _Run(similarity, clusters, networks[-1].task, states, labels)


def _cluster_otherwise(
    run: _Run, coarse: CoarseTask, baselines: Sequence[str], *, seed: int
) -> dict[str, np.ndarray]:
    """Return the clusters of each baseline that applies, and warn of those that do not."""
    labels = {}
    for name in baselines:
        try:
            labels[name] = cluster_by_baseline(
                name, coarse, run.task, run.num_clusters, seed=seed % 2**32
            )
        except InputError as error:
            message = f"baseline {name!r} is left out: {error}"
            warnings.warn(message, NeurashedWarning, stacklevel=3)
    return labels


def _assemble(coarse: CoarseTask, recipe: Recipe, runs: list[_Run], seed: int) -> xr.Dataset:
    first = runs[0]
    # A baseline that failed in one repeat is in none.
    approaches = [name for name in first.labels if all(name in run.labels for run in runs)]
    labels = np.array([[run.labels[name] for run in runs] for name in approaches])
    found = first.similarity.to_dataset(name="similarity")
    found = found.assign({name: each.variable for name, each in first.clusters.items()})
    found["cluster_by_approach"] = (("approach", "repeat", "source"), labels)
    found = found.assign_coords(approach=approaches, repeat=np.arange(len(runs)))
    if coarse.hidden_classes is not None:
        scores = [[agreement(one, coarse.hidden_classes) for one in each] for each in labels]
        for score in ("accuracy", "nmi", "ari"):
            values = [[getattr(one, score) for one in each] for each in scores]
            found[score] = (("approach", "repeat"), np.array(values))
    if first.states:
        for name in _SEEN_OF_TRAINING:
            values = [[getattr(state, name) for state in run.states] for run in runs]
            shown = name if name not in {"loss", "accuracy"} else f"training_{name}"
            found[shown] = (("repeat", "network"), np.array(values, dtype=np.float64))
    found.attrs = {
        **first.clusters.attrs,
        "coarse": _describe_coarse(coarse),
        "recipe": asdict(recipe),
        "seed": seed,
    }
    return found


def _describe_coarse(coarse: CoarseTask) -> dict[str, Any]:
    return {
        side: {
            "label": str(examples.axis_labels().coordinates("source")["source_label"][1][0]),
            "num_examples": len(examples),
            "checksum": examples.checksum(),
        }
        for side, examples in (("primary", coarse.primary), ("auxiliary", coarse.auxiliary))
    }
