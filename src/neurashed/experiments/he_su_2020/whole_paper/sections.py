"""The numbers and figures of each part in the form in which the page shows them."""

import base64
import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from neurashed.clustering import Interval
from neurashed.experiments.he_su_2020 import corrupted_labels, manifolds, tables, text
from neurashed.experiments.he_su_2020.class_ratios import find_class_ratios
from neurashed.experiments.he_su_2020.pretrained import HISTOGRAMS_FILE, RATIOS_FILE
from neurashed.experiments.he_su_2020.whole_paper.parts import STATED_FILE, Part
from neurashed.results import RunFolder

__all__ = ["PageTable", "Section", "describe_part"]

_MEASURES = {"relative": "relative elasticity", "kernel_distance": "kernel distance"}
_SCORES = {
    "accuracy": "Accuracy of the best matching of clusters to intents",
    "nmi": "Normalized mutual information",
    "ari": "Adjusted Rand index",
}
_MOST_RATIOS = 60


@dataclass(frozen=True)
class PageTable:
    """A table of texts.

    Attributes:
        title: What it shows, and in which units.
        headings: The heading of each column.
        rows: The rows.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """What the page shows of a part.

    Attributes:
        name: The name of the part and of its folder.
        title: What it is about.
        left_out: What is left out, a sentence each.
        tables: Its tables.
        figures: Its figures as data addresses, by what they show.
        files: Its files, relative to its folder.
        is_left_out: Whether all of it is.
    """

    name: str
    title: str
    left_out: Sequence[str]
    tables: Sequence[PageTable] = ()
    figures: Sequence[tuple[str, str]] = ()
    files: Sequence[str] = ()
    is_left_out: bool = False


def describe_part(part: Part, run: RunFolder, left_out: Sequence[str]) -> Section:
    """Lay out what a part came to.

    Args:
        part: The part.
        run: Its run.
        left_out: What it left out.

    Returns:
        What the page shows.
    """
    files = [name for name in _FILES if (run.path / name).exists()]
    figures = [(_FIGURES[name], _embed(run.path / name)) for name in files if name in _FIGURES]
    return Section(part.name, part.title, left_out, _TABLES[part.name](run), figures, files)


def _tabulate_manifolds(run: RunFolder) -> list[PageTable]:
    findings = manifolds.find_in_manifolds(run)
    headings = ("manifolds", "network", "right", "Pearson", "Spearman", "published, as recalled")
    return [
        PageTable(
            f"Correlation of {name} with the geodesic distance: mean over "
            f"{findings[0].num_seeds} samples and its 95 % interval",
            headings,
            [
                (
                    each.manifold.replace("_", " "),
                    each.network,
                    f"{each.accuracy.mean:.1%}",
                    f"{each.pearson.mean:.3f} [{each.pearson.low:.3f}, {each.pearson.high:.3f}]",
                    f"{each.spearman.mean:.3f}",
                    "" if each.published is None else f"{each.published:.2f}",
                )
                for each in findings
                if each.measure == measure
            ],
        )
        for measure, name in _MEASURES.items()
    ]


def _tabulate_tables(run: RunFolder) -> list[PageTable]:
    cells = tables.find_in_tables(run)
    found = []
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        of_dataset = [cell for cell in cells if cell.dataset == dataset]
        by_row = {
            name: [cell for cell in of_dataset if cell.row == row]
            for row, name in tables.ROWS.items()
        }
        found.append(
            PageTable(
                f"Accuracy in % on {dataset}: ours, mean ± s.d. over seeds (published; "
                "* as recalled from the paper)",
                (
                    "method",
                    "seeds",
                    *dict.fromkeys(cell.task for cell in of_dataset),
                ),
                [
                    (
                        f"{name} *" if any(cell.is_recalled for cell in row) else name,
                        tables.count_seeds(row),
                        *map(str, row),
                    )
                    for name, row in by_row.items()
                    if any(cell.num_seeds or cell.published is not None for cell in row)
                ],
            )
        )
    return [*found, *_tabulate_stated(run.path / STATED_FILE)]


def _tabulate_stated(path: Path) -> list[PageTable]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    title = "The settings that the paper states, on 5v8: the loss jumps, and units die"
    return [PageTable(title, [name.replace("_", " ") for name in headings], rows)]


def _tabulate_pretrained(run: RunFolder) -> list[PageTable]:
    ratios = find_class_ratios(run.main.load(), seed=run.record.settings["seed"])
    title = "Median of the updated class over that of another, with 95 % intervals over probes"
    rows = [
        (each.updated, each.other, f"{each.value:.3f} [{each.low:.3f}, {each.high:.3f}]")
        for each in ratios[:_MOST_RATIOS]
    ]
    return [PageTable(title, ("updated with", "other class", "ratio"), rows)]


def _tabulate_labels(run: RunFolder) -> list[PageTable]:
    findings = corrupted_labels.find_corrupted_labels(run)
    title = (
        "Share of wrong labels among as many of the highest scores: mean ± s.d. over "
        f"{findings[0].num_seeds} seeds"
    )
    rows = [
        (
            corrupted_labels.APPROACHES[each.approach].title,
            each.time,
            _describe(each.precision),
            f"{each.average_precision.mean:.3f}",
            f"{each.auroc.mean:.4f}",
        )
        for each in findings
    ]
    return [PageTable(title, ("score", "time", "precision", "average precision", "AUROC"), rows)]


def _tabulate_texts(run: RunFolder) -> list[PageTable]:
    findings = text.find_in_texts(run)
    domains = dict.fromkeys(each.domain for each in findings)
    headings = ("domain", *(name.replace("_", " ") for name in text.APPROACHES))
    found = []
    for score, title in _SCORES.items():
        intervals = {
            (each.domain, each.approach): getattr(each.agreement, score) for each in findings
        }
        rows = [
            (
                domain.replace("_", " "),
                *(_describe(intervals[domain, name]) for name in text.APPROACHES),
            )
            for domain in domains
        ]
        found.append(PageTable(f"{title}: mean ± s.d. over seeds", headings, rows))
    return found


def _describe(interval: Interval) -> str:
    if math.isnan(interval.standard_deviation):
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} ± {interval.standard_deviation:.3f}"


def _embed(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


_TABLES: dict[str, Callable[[RunFolder], list[PageTable]]] = {
    "manifolds": _tabulate_manifolds,
    "tables": _tabulate_tables,
    "pretrained": _tabulate_pretrained,
    "corrupted-labels": _tabulate_labels,
    "text": _tabulate_texts,
}
_FIGURES = {
    manifolds.FIGURE_FILE: "The first sample of each pair, and elasticity over the true distance",
    HISTOGRAMS_FILE: "How a step on one class moves the images of all",
}
_FILES = (
    *_FIGURES,
    "report.html",
    manifolds.TABLE_FILE,
    tables.CSV_FILE,
    tables.MARKDOWN_FILE,
    STATED_FILE,
    RATIOS_FILE,
    corrupted_labels.TABLE_FILE,
    text.TABLE_FILE,
)
