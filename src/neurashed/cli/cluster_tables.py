"""What `cluster` prints of the clusters it found."""

from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = [
    "clusters_as_numbers",
    "print_clusters",
    "print_run_clusters",
    "run_clusters_as_numbers",
]

# What is counted in each cluster, the finest that is known first.
_CLASSES = {"source_fine_label": "finer labels", "source_label": "labels"}


def print_clusters(console: Console, result: xr.DataArray) -> None:
    """Print how many clusters there are and why, what is in them, and how well they agree.

    Args:
        console: Where to print.
        result: A similarity whose sources carry their clusters.
    """
    about = result.attrs["provenance"]["clusters"]
    primary, auxiliary = (about["coarse"][side] for side in ("primary", "auxiliary"))
    console.print(
        f"\n{about['num_clusters']} clusters of {primary['num_examples']:,} examples of "
        f"{primary['label']}, told from {auxiliary['num_examples']:,} of {auxiliary['label']}",
        markup=False,
    )
    console.print(_describe_number(about["evidence"]), markup=False)
    console.print(_tabulate_clusters(result))
    if "agreement" in about:
        title = f"Agreement with the finer labels, {about['num_repeats']} repeats"
        console.print(_tabulate_agreement(about["agreement"], title))


def print_run_clusters(console: Console, clusters: xr.Dataset) -> None:
    """Print the same of clusters of a run that was measured before.

    Args:
        console: Where to print.
        clusters: What `neurashed.experiments.cluster_run` returns.
    """
    about = clusters.attrs
    console.print(
        f"\n{about['num_clusters']} clusters of {clusters.sizes['source']:,} examples, by method "
        f"{about['method']}, normalization {about['normalize']}",
        markup=False,
    )
    if "num_landmarks" in about:
        console.print(
            f"{about['num_landmarks']:,} landmarks, {about['num_features']} features; "
            f"{about['negative_share']:.1%} of the landmarks' eigenvalues are negative and have "
            "none.",
            markup=False,
        )
    if about["left_out"]:
        console.print(f"{len(about['left_out']):,} examples are undefined, in no cluster.")
    console.print(_describe_number(about["evidence"]), markup=False)
    console.print(_tabulate_clusters(clusters))
    if "agreement" in about:
        console.print(_tabulate_agreement(about["agreement"], "Agreement with the known classes"))


def _describe_number(evidence: dict[str, Any] | None) -> str:
    if evidence is None:
        return "Their number was given."
    ranked = sorted(
        zip(evidence["values"], evidence["candidates"], strict=True), key=lambda one: -one[0]
    )
    values = ", ".join(f"{number} ({value:.3g})" for value, number in ranked[:4])
    return f"Their number was chosen by {evidence['evidence']}; most speaks for {values}."


def _tabulate_clusters(result: xr.DataArray | xr.Dataset) -> Table:
    finest = next((name for name in _CLASSES if name in result.coords), None)
    table = Table(title_justify="left", padding=(0, 1, 0, 0))
    for name in ("cluster", "examples", "mean typicality", "ambiguous"):
        table.add_column(name, justify="right")
    table.add_column("most typical ids")
    if finest is not None:
        table.add_column(_CLASSES[finest])
    labels = result["cluster"].to_numpy()
    for number in np.unique(labels[labels >= 0]):
        members = result.isel(source=labels == number)
        typicality = members["typicality"].to_numpy()
        first = members["source"].to_numpy()[np.argsort(-typicality, kind="stable")][:4]
        cells = [
            str(number),
            f"{len(typicality):,}",
            f"{np.nanmean(typicality):.3f}",
            f"{int((members['margin'].to_numpy() < 0).sum()):,}",
            escape(", ".join(map(str, first))),
        ]
        counted = [] if finest is None else _count_classes(members[finest].to_numpy())
        table.add_row(*cells, *map(escape, counted))
    table.caption = "Ambiguous: moves more with another cluster than with its own."
    table.caption_justify = "left"
    return table


def _count_classes(classes: np.ndarray) -> list[str]:
    names, counts = np.unique(classes, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:4]
    return [", ".join(f"{names[at]} ({counts[at]:,})" for at in order)]


def _tabulate_agreement(agreement: dict[str, Any], title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    scores = list(next(iter(agreement.values())))
    for score in scores:
        table.add_column(score, justify="right")
    for name, row in agreement.items():
        table.add_row(name.replace("_", " "), *(_write_score(row[score]) for score in scores))
    return table


def _write_score(score: dict[str, float | None]) -> str:
    if score["low"] is None:
        return f"{score['mean']:.3f}"
    return f"{score['mean']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def clusters_as_numbers(result: xr.DataArray) -> dict[str, Any]:
    """Return what `print_clusters` prints, for a script."""
    about = result.attrs["provenance"]["clusters"]
    labels = result["cluster"].to_numpy()
    return {
        **about,
        "sizes": np.bincount(labels[labels >= 0], minlength=about["num_clusters"]).tolist(),
        "num_left_out": int((labels < 0).sum()),
    }


def run_clusters_as_numbers(clusters: xr.Dataset) -> dict[str, Any]:
    """Return what `print_run_clusters` prints, for a script."""
    return {name: value for name, value in clusters.attrs.items() if name != "provenance"}
