"""One seed: labels corrupted, networks trained, every example scored in every way."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.data import Examples, first_per_class
from neurashed.elasticity import tangent_kernel
from neurashed.experiments.he_su_2020.corrupted_labels.corruption import (
    CorruptedExamples,
    corrupt_labels,
)
from neurashed.experiments.he_su_2020.corrupted_labels.networks import train_to_losses
from neurashed.experiments.he_su_2020.corrupted_labels.scores import (
    Scores,
    score_by_network,
    score_by_output,
    score_by_pixels,
    score_by_variants,
)
from neurashed.experiments.he_su_2020.corrupted_labels.settings import CorruptedLabelsSettings
from neurashed.seeding import derive_seed, numpy_generator

__all__ = ["ANY_TIME", "UNTRAINED", "SeedScores", "name_time", "score_seed"]

UNTRAINED = "untrained"
# The time of what needs no network.
ANY_TIME = ""
# As many examples of each class as a report shows whole.
_MOST_SHOWN = 1_000


@dataclass(frozen=True, eq=False)
class SeedScores:
    """What one seed comes to.

    Attributes:
        corrupted: The examples.
        scores: Scores ``(example,)`` by approach and time of training, see `name_time`.
        epochs: How many epochs it took to each time of training.
        kernel: The tangent kernel at the usual loss, among the first examples of each class.
    """

    corrupted: CorruptedExamples
    scores: dict[tuple[str, str], np.ndarray]
    epochs: dict[str, float]
    kernel: xr.DataArray


def name_time(stop_loss: float | None) -> str:
    """Return what a time of training is called, such as ``"loss 0.1"``."""
    return UNTRAINED if stop_loss is None else f"loss {stop_loss:g}"


def score_seed(examples: Examples, seed: int, settings: CorruptedLabelsSettings) -> SeedScores:
    """Corrupt labels, train, and score.

    Args:
        examples: The examples, with right labels.
        seed: The seed.
        settings: The experiment.

    Returns:
        All scores.
    """
    generator = numpy_generator(seed, "corruption")
    corrupted = corrupt_labels(examples, settings.share, generator)
    by_pixels = score_by_pixels(corrupted.examples, ridge=settings.ridge)
    found = {(name, ANY_TIME): values for name, values in by_pixels.items()}
    epochs: dict[str, float] = {}
    shown = xr.DataArray()
    for checkpoint in train_to_losses(
        corrupted.examples, settings.stop_losses, settings,
        num_classes=corrupted.num_classes, seed=seed,
    ):  # fmt: skip
        time = name_time(checkpoint.stop_loss)
        task = checkpoint.task
        kernel = tangent_kernel(task, corrupted.examples, by_layer=True, memory=settings.memory)
        scores = score_by_network(task, corrupted.examples, kernel, settings)
        if checkpoint.stop_loss == settings.usual_loss:
            scores |= score_by_variants(task, corrupted.examples, kernel, settings)
            shown = _choose_shown(kernel, corrupted.examples)
        found |= {(name, time): values for name, values in scores.items()}
        epochs[time] = checkpoint.state.epoch
    usual = name_time(settings.usual_loss)
    folds = _score_folds(corrupted, seed, settings)
    found |= {(f"{name}_of_folds", usual): values for name, values in folds.items()}
    return SeedScores(corrupted, found, epochs, shown)


def _score_folds(
    corrupted: CorruptedExamples, seed: int, settings: CorruptedLabelsSettings
) -> Scores:
    """Score each example by a network that was trained without it."""
    examples = corrupted.examples
    order = numpy_generator(seed, "folds").permutation(len(examples))
    scores: Scores = {}
    for number, fold in enumerate(np.array_split(order, settings.num_folds)):
        is_other = np.ones(len(examples), dtype=bool)
        is_other[fold] = False
        *_, last = train_to_losses(
            examples.select(is_other), (settings.usual_loss,), settings,
            num_classes=corrupted.num_classes, seed=derive_seed(seed, "fold", number),
        )  # fmt: skip
        for name, values in score_by_output(last.task, examples.select(fold)).items():
            scores.setdefault(name, np.empty(len(examples)))[fold] = values
    return scores


def _choose_shown(kernel: xr.DataArray, examples: Examples) -> xr.DataArray:
    right = np.asarray(examples.fine_labels)
    num_per_class = max(1, _MOST_SHOWN // len(np.unique(right)))
    fewest = int(np.unique(right, return_counts=True)[1].min())
    chosen = first_per_class(right, min(num_per_class, fewest))
    among = kernel.isel(source=chosen, probe=chosen)
    return among.sum("layer", keep_attrs=True)
