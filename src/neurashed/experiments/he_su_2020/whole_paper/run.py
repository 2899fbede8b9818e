"""The parts one after the other, each in a folder of its own, and the page of them all."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neurashed.errors import StoreError
from neurashed.experiments.he_su_2020.whole_paper.page import render_page
from neurashed.experiments.he_su_2020.whole_paper.parts import PARTS, Part, Work
from neurashed.experiments.he_su_2020.whole_paper.sections import Section, describe_part
from neurashed.experiments.he_su_2020.whole_paper.settings import PaperSettings
from neurashed.experiments.whole_files import write_whole
from neurashed.report import write_run_report
from neurashed.results import RunFolder

__all__ = ["PAGE_FILE", "PartOutcome", "plan_paper", "reproduce_paper"]

PAGE_FILE = "index.html"
_REPORT_FILE = "report.html"
_RUN_FILE = "run.json"


@dataclass(frozen=True)
class PartOutcome:
    """What became of a part.

    Attributes:
        part: The part.
        folder: Its run folder; None if it is left out.
        left_out: What is left out for lack of data or weights, a sentence each.
        was_there: Whether a finished run was found and kept.
    """

    part: Part
    folder: Path | None
    left_out: tuple[str, ...]
    was_there: bool = False


def plan_paper(settings: PaperSettings) -> dict[str, tuple[str, ...]]:
    """Say what would be left out, before any work.

    Args:
        settings: Where the data are.

    Returns:
        For each part that lacks something, what is left out.
    """
    prepared = {part.name: part.prepare(settings) for part in PARTS}
    left_out = {
        name: (work,) if isinstance(work, str) else work.left_out for name, work in prepared.items()
    }
    return {name: reasons for name, reasons in left_out.items() if reasons}


def reproduce_paper(
    settings: PaperSettings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> Iterator[PartOutcome]:
    """Run every part whose data are given, and write a page of all tables and figures.

    Each part has a subfolder of its name, which is a run folder like any other. A part that is
    finished is kept as it is; one that was killed goes on where it was; data that are given later
    add their part. The page, ``index.html``, is written again after each part.

    Args:
        settings: Where the data are, and how thorough the run is.
        path: The folder of all parts.
        overwrite: Whether to run again what is there.
        progress: Shows how far the work has come.

    Yields:
        What became of each part, as soon as it is known.
    """
    outcomes: list[PartOutcome] = []
    for part in PARTS:
        outcome = _run_part(part, settings, path / part.name, overwrite, progress)
        outcomes.append(outcome)
        _write_page(outcomes, settings, path)
        yield outcome


def _run_part(
    part: Part,
    settings: PaperSettings,
    folder: Path,
    overwrite: bool,
    progress: Callable[..., Any] | None,
) -> PartOutcome:
    work = part.prepare(settings)
    if isinstance(work, str):
        return PartOutcome(part, None, (work,))
    was_there = not overwrite and _is_finished(folder, work)
    if not was_there:
        work.run(folder, overwrite=overwrite, progress=progress)
    if part.has_report and not (was_there and (folder / _REPORT_FILE).exists()):
        write_run_report(folder)
    return PartOutcome(part, folder, work.left_out, was_there)


def _is_finished(folder: Path, work: Work) -> bool:
    """Return whether a folder holds a finished run of the same settings.

    Raises:
        StoreError: If it holds a finished run of other settings.
    """
    if not (folder / _RUN_FILE).exists():
        return False
    record = RunFolder.open(folder).record
    if not record.finished:
        return False
    wanted = json.loads(json.dumps(asdict(work.settings)))
    # What was left open may have been filled in by the run, as the domains of all texts.
    differing = [
        name
        for name, value in wanted.items()
        if value not in (None, []) and record.settings.get(name) != value
    ]
    if differing:
        message = (
            f"{folder} holds a finished run with other {', '.join(differing)}; choose another "
            "folder or overwrite it (overwrite=True, --overwrite)"
        )
        raise StoreError(message)
    return True


def _write_page(outcomes: list[PartOutcome], settings: PaperSettings, path: Path) -> None:
    sections = [_describe(outcome) for outcome in outcomes]
    path.mkdir(parents=True, exist_ok=True)
    write_whole(path / PAGE_FILE, render_page(sections, is_quick=settings.is_quick))


def _describe(outcome: PartOutcome) -> Section:
    part = outcome.part
    if outcome.folder is None:
        return Section(part.name, part.title, outcome.left_out, is_left_out=True)
    return describe_part(part, RunFolder.open(outcome.folder), outcome.left_out)
