"""The scores of a seed as a file, so that a killed run need not find them again."""

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from neurashed.experiments.he_su_2020.corrupted_labels.seed import SeedScores

__all__ = ["SavedScores", "has_scores", "read_scores", "write_scores"]


@dataclass(frozen=True, eq=False)
class SavedScores:
    """What a file holds.

    Attributes:
        is_corrupted: Whether each label is wrong ``(example,)``.
        scores: Scores ``(example,)`` by approach and time of training.
        epochs: How many epochs it took to each time of training.
    """

    is_corrupted: np.ndarray
    scores: dict[tuple[str, str], np.ndarray]
    epochs: dict[str, float]


def write_scores(found: SeedScores, path: Path) -> None:
    """Write the scores of a seed; the file appears only when it is whole.

    Args:
        found: The scores.
        path: The file, ``.npz``; replaced if it exists.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    approaches, times = zip(*found.scores, strict=True)
    examples = found.corrupted.examples
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            id=examples.ids,
            given_label=np.asarray(examples.labels),
            right_label=np.asarray(examples.fine_labels),
            is_corrupted=found.corrupted.is_corrupted,
            approach=np.array(approaches),
            time=np.array(times),
            score=np.stack(list(found.scores.values())),
            trained_to=np.array(list(found.epochs)),
            epoch=np.array(list(found.epochs.values())),
        )
    partial.replace(path)


def has_scores(path: Path) -> bool:
    """Return whether a file of scores is there and whole."""
    try:
        read_scores(path)
    except (OSError, KeyError, ValueError, BadZipFile):
        return False
    return True


def read_scores(path: Path) -> SavedScores:
    """Read what `write_scores` wrote.

    Args:
        path: The file.

    Returns:
        The scores.
    """
    with np.load(path) as file:
        names = zip(file["approach"].tolist(), file["time"].tolist(), strict=True)
        return SavedScores(
            is_corrupted=file["is_corrupted"],
            scores=dict(zip(names, file["score"], strict=True)),
            epochs=dict(zip(file["trained_to"].tolist(), file["epoch"].tolist(), strict=True)),
        )
