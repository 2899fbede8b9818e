"""The experiment on corrupted labels as a run that may be killed at any time."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neurashed.data import Examples, load_examples
from neurashed.experiments.he_su_2020.corrupted_labels.files import (
    has_scores,
    read_scores,
    write_scores,
)
from neurashed.experiments.he_su_2020.corrupted_labels.findings import (
    LabelFinding,
    compare_scores,
    write_table,
)
from neurashed.experiments.he_su_2020.corrupted_labels.seed import name_time, score_seed
from neurashed.experiments.he_su_2020.corrupted_labels.settings import CorruptedLabelsSettings
from neurashed.experiments.workplace import working_in
from neurashed.results import RunFolder

__all__ = ["TABLE_FILE", "find_corrupted_labels", "read_seeds", "run_corrupted_labels"]

TABLE_FILE = "corrupted_labels.csv"
_RESULT = "tangent_kernel"


def run_corrupted_labels(
    settings: CorruptedLabelsSettings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Corrupt labels, look for them in every way, and keep what was found in a run folder.

    Args:
        settings: The experiment.
        path: The run folder, new or empty; a run of the same settings that was killed is resumed
            after its last whole seed.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.

    Returns:
        The finished run folder: the scores of each example in ``results/seed_0.npz`` and so on, the
        table ``corrupted_labels.csv``, and as its result the tangent kernel of the first seed at
        the usual loss, for its report.
    """
    with working_in(settings.folder):
        examples = load_examples(settings.data)
    run = RunFolder.create(
        path,
        settings={"command": "reproduce he-su-2020 corrupted-labels", **asdict(settings)},
        data={"examples": examples.checksum()},
        overwrite=overwrite,
    )
    waiting = [seed for seed in settings.seeds if not _is_done(run, seed, settings)]
    for seed in waiting if progress is None else progress(waiting, description="Seeds"):
        _do_seed(run, seed, examples, settings)
    write_table(find_corrupted_labels(run), run.path / TABLE_FILE)
    run.finish()
    return run


def find_corrupted_labels(run: RunFolder) -> list[LabelFinding]:
    """Read what a run shows.

    Args:
        run: Its folder.

    Returns:
        A finding for each approach and time of training.
    """
    saved = [read_scores(_place(run, seed)) for seed in run.record.settings["seeds"]]
    return compare_scores(saved, name_time(run.record.settings["usual_loss"]))


def read_seeds(run: RunFolder) -> dict[str, dict[str, Any]]:
    """Read the scores of each seed of a run, for comparison with another run.

    Args:
        run: Its folder.

    Returns:
        What is in the file of each seed, by its name.
    """
    return {
        path.stem: {
            "is_corrupted": saved.is_corrupted,
            "scores": {" ".join(key): values for key, values in saved.scores.items()},
            "epochs": saved.epochs,
        }
        for path in (_place(run, seed) for seed in run.record.settings["seeds"])
        for saved in [read_scores(path)]
    }


def _place(run: RunFolder, seed: int) -> Path:
    # Beside the results that run.json lists, so that it is replaced and tidied with them.
    return run.path / "results" / f"seed_{seed}.npz"


def _is_done(run: RunFolder, seed: int, settings: CorruptedLabelsSettings) -> bool:
    has_result = seed != settings.seeds[0] or _RESULT in run.finished
    return has_result and has_scores(_place(run, seed))


def _do_seed(
    run: RunFolder, seed: int, examples: Examples, settings: CorruptedLabelsSettings
) -> None:
    found = score_seed(examples, seed, settings)
    if seed == settings.seeds[0]:
        run.add_result(_RESULT, found.kernel)
    write_scores(found, _place(run, seed))
