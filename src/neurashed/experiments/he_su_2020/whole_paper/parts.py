"""The parts of the paper: what each needs, and how it is run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from neurashed.experiments.he_su_2020 import corrupted_labels, manifolds, tables, text
from neurashed.experiments.he_su_2020.pretrained import PretrainedSettings, run_pretrained
from neurashed.experiments.he_su_2020.whole_paper.settings import PaperSettings
from neurashed.experiments.workplace import working_in
from neurashed.results import RunFolder

__all__ = ["PARTS", "STATED_FILE", "Part", "Work"]

STATED_FILE = "stated_settings.csv"


@dataclass(frozen=True)
class Work:
    """What a part does with the data that are given.

    Attributes:
        settings: The settings of its run.
        run: Runs it: from a folder, ``overwrite`` and ``progress`` to the run folder.
        left_out: What it leaves out for lack of data, a sentence each.
    """

    settings: Any
    run: Callable[..., RunFolder]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A part of the paper.

    Attributes:
        name: Its name as a command, which its folder has too.
        title: What it is about.
        prepare: From the settings of the whole run to the work; or a sentence that says what is
            not given.
        has_report: Whether its results are shown in a report of their own.
    """

    name: str
    title: str
    prepare: Callable[[PaperSettings], Work | str]
    has_report: bool = False


def _prepare_manifolds(settings: PaperSettings) -> Work:
    chosen = manifolds.QUICK if settings.is_quick else manifolds.ManifoldSettings()
    run = partial(manifolds.run_manifolds, chosen, num_workers=settings.num_workers)
    return Work(chosen, run)


def _prepare_tables(settings: PaperSettings) -> Work | str:
    if settings.is_quick:
        selection = tables.TableSelection(
            {"digits": "digits"}, approaches=tables.QUICK_APPROACHES, seeds=(0,)
        )
        return Work(tables.QUICK, partial(tables.run_tables, tables.QUICK, selection))
    given = {"mnist": settings.mnist, "cifar10": settings.cifar10}
    data = {name: f"{name}:{folder}" for name, folder in given.items() if folder is not None}
    if not data:
        return "neither MNIST (mnist) nor CIFAR-10 (cifar10) is given"
    selection = tables.TableSelection(data, folder=settings.folder)
    chosen = tables.TableSettings()
    left_out = tuple(
        f"{name} is not given ({option}): its table is left out"
        for option, name in (("mnist", "MNIST"), ("cifar10", "CIFAR-10"))
        if option not in data
    )
    return Work(chosen, partial(_run_tables, chosen, selection), left_out)


def _run_tables(
    settings: tables.TableSettings,
    selection: tables.TableSelection,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Make the tables, after what the settings that the paper states do to a network."""
    # The first unit of the first task also begins the folder.
    first = replace(selection, approaches=("k_means",), seeds=selection.seeds[:1])
    run = tables.run_tables(settings, first, path, overwrite=overwrite)
    stated = run.path / STATED_FILE
    if "mnist" in selection.data and (overwrite or not stated.exists()):
        with working_in(selection.folder):
            coarse = tables.load_task(tables.TASKS["mnist"][0], selection.data["mnist"], settings)
        tables.write_states(tables.train_as_stated(coarse, progress=progress), stated)
    return tables.run_tables(settings, selection, path, progress=progress)


def _prepare_labels(settings: PaperSettings) -> Work | str:
    if settings.is_quick:
        chosen = replace(corrupted_labels.QUICK, folder=settings.folder)
    elif settings.mnist is None:
        return "MNIST is not given (mnist)"
    else:
        data = f"mnist:{settings.mnist}?per_class=500"
        chosen = corrupted_labels.CorruptedLabelsSettings(data, folder=settings.folder)
    return Work(chosen, partial(corrupted_labels.run_corrupted_labels, chosen))


def _prepare_texts(settings: PaperSettings) -> Work | str:
    if settings.clinc150 is None:
        return "CLINC150 is not given (clinc150)"
    choices = text.QUICK_CHOICES if settings.is_quick else {}
    chosen = text.TextSettings(settings.clinc150, folder=settings.folder, **choices)
    return Work(chosen, partial(text.run_texts, chosen))


def _prepare_pretrained(settings: PaperSettings) -> Work | str:
    if settings.weights is None or settings.images is None:
        given = {"weights of a VGG-19 (weights)": settings.weights}
        given |= {"photographs (images)": settings.images}
        missing = " and ".join(name for name, value in given.items() if value is None)
        return f"{missing} are not given"
    chosen = PretrainedSettings(settings.weights, settings.images, folder=settings.folder)
    return Work(chosen, partial(run_pretrained, chosen))


PARTS = (
    Part("manifolds", "Elasticity over distance on toy manifolds", _prepare_manifolds),
    Part("tables", "The clustering tables", _prepare_tables),
    Part("pretrained", "A step in a trained VGG-19", _prepare_pretrained, has_report=True),
    Part("corrupted-labels", "Wrong labels found", _prepare_labels, has_report=True),
    Part("text", "Hidden intents in real texts", _prepare_texts),
)
