"""The clusters of a result in the form in which the page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from neurashed.clustering import agreement
from neurashed.report.look_alikes import OddOnes, Pair, find_odd_ones, find_pairs
from neurashed.report.members import Member, MemberReader
from neurashed.report.tables import ClassTable, build_class_tables
from neurashed.results import is_large

__all__ = ["ClusterSection", "describe_clusters", "has_clusters"]

_NUM_TYPICAL, _NUM_AMBIGUOUS = 12, 6
_MOST_CLASSES_COUNTED = 20
_SCORES = ("accuracy", "nmi", "ari")


@dataclass(frozen=True)
class ClusterCard:
    """One cluster.

    Attributes:
        name: Such as ``"Cluster 0"``.
        size: How many members it has.
        typical: Those most like the others, with their typicality.
        ambiguous: Those that belong least clearly, with their margin.
    """

    name: str
    size: int
    typical: list[Member]
    ambiguous: list[Member]


@dataclass(frozen=True)
class Evidence:
    """Why there are so many clusters.

    Attributes:
        name: ``"eigengap"`` or ``"silhouette"``.
        rows: Number of clusters, what speaks for it, and this as a share of the largest.
        chosen: The number that won.
    """

    name: str
    rows: list[tuple[int, str, float]]
    chosen: int


@dataclass(frozen=True)
class ClusterSection:
    """Everything that the page says of clusters.

    Attributes:
        title: The question.
        summary: How many there are, of what, found how.
        cautions: What a reader should know before trusting them.
        evidence: Why there are so many; None if the number was given.
        cards: The clusters.
        table: How much the clusters move each other; None for a single one.
        classes: What classes are counted, in words.
        finer_labels: Names of the finer classes, if they are known and not too many; of all classes
            where none are finer.
        counts: For each cluster, how many members of each of these.
        agreement: Approaches, each with its scores and their intervals as text.
        pairs: Near-duplicates, with their clusters.
        odd: Members that move with another class than their own.
    """

    title: str
    summary: str
    cautions: list[str]
    evidence: Evidence | None
    cards: list[ClusterCard]
    table: ClassTable | None
    classes: str
    finer_labels: list[str]
    counts: list[list[int]]
    agreement: list[tuple[str, list[tuple[str, str]]]]
    pairs: list[Pair]
    odd: OddOnes


def has_clusters(result: xr.DataArray) -> bool:
    """Return whether the sources of a result carry clusters."""
    return all(name in result.coords for name in ("cluster", "typicality", "margin"))


def describe_clusters(clustered: xr.DataArray, result: xr.DataArray | None) -> ClusterSection:
    """Lay out the clusters of a result.

    Args:
        clustered: A result whose sources carry ``cluster``, ``typicality`` and ``margin``.
            Of a large one only what is said of its sources is read.
        result: A result with several labels, for examples that move with another class than their
            own; it may be the same. Without one, the values of neither are read.

    Returns:
        What the page shows.
    """
    about: Mapping[str, Any] = clustered.attrs.get("provenance", {}).get("clusters", {})
    labels = clustered["cluster"].to_numpy()
    numbers = [int(each) for each in np.unique(labels[labels >= 0])]
    # Pairs are read of what can be held at once.
    whole = None if result is None or is_large(clustered) else clustered.compute()
    reader = MemberReader(clustered)
    known, named = _find_classes(clustered)
    finer, counts = _count_classes(labels, known, numbers)
    return ClusterSection(
        title=_ask(about),
        summary=_summarize(about, labels, numbers),
        cautions=_find_cautions(labels, about),
        evidence=_read_evidence(about),
        cards=[_describe_one(clustered, number, reader) for number in numbers],
        table=None if whole is None or len(numbers) < 2 else _tabulate(whole, labels),
        classes=named,
        finer_labels=finer,
        counts=counts,
        agreement=_read_agreement(about, labels, known),
        pairs=[] if whole is None else find_pairs(whole, reader, noted="cluster"),
        odd=OddOnes([], "") if result is None else find_odd_ones(result),
    )


def _ask(about: Mapping[str, Any]) -> str:
    coarse = about.get("coarse")
    if not coarse:
        return "Which groups move together?"
    return f"Which subclasses hide behind “{coarse['primary']['label']}”?"


def _summarize(about: Mapping[str, Any], labels: np.ndarray, numbers: list[int]) -> str:
    text = f"{len(numbers)} clusters of {int((labels >= 0).sum()):,} examples"
    coarse = about.get("coarse")
    if coarse:
        auxiliary = coarse["auxiliary"]
        text += (
            f", in a network that learned one bit for each: whether it is primary or one of "
            f"{auxiliary['num_examples']:,} auxiliary examples of “{auxiliary['label']}”"
        )
    if "method" in about:
        text += f". Found by {about['method'].replace('_', ' ')}, normalization {_name(about)}"
    return f"{text}."


def _name(about: Mapping[str, Any]) -> str:
    return str(about["normalize"]).replace("_", " ")


def _find_cautions(labels: np.ndarray, about: Mapping[str, Any]) -> list[str]:
    cautions = []
    num_left_out = int((labels < 0).sum())
    if num_left_out:
        cautions.append(
            f"{num_left_out:,} of {len(labels):,} examples are in no cluster, because their "
            "similarity is undefined."
        )
    rates = np.array(about.get("training", {}).get("lr_lambda_max", []), dtype=np.float64)
    num_unstable = int((rates > 2).sum())
    if num_unstable:
        cautions.append(
            f"{num_unstable} of {rates.size} trainings ended with lr·λ_max above 2 "
            f"(up to {np.nanmax(rates):.3g}), where plain gradient descent is unstable."
        )
    return cautions


def _read_evidence(about: Mapping[str, Any]) -> Evidence | None:
    evidence = about.get("evidence")
    if not evidence:
        return None
    values = np.array(evidence["values"], dtype=np.float64)
    shares = np.clip(values / max(float(values.max()), 1e-12), 0, 1)
    texts = [format(value, ".3g") for value in values]
    rows = list(zip(map(int, evidence["candidates"]), texts, shares.tolist(), strict=True))
    return Evidence(str(evidence["evidence"]), rows, int(about["num_clusters"]))


def _describe_one(clustered: xr.DataArray, number: int, reader: MemberReader) -> ClusterCard:
    places = np.flatnonzero(clustered["cluster"].to_numpy() == number)
    typicality = clustered["typicality"].to_numpy()[places]
    margin = clustered["margin"].to_numpy()[places]
    typical = places[np.argsort(-typicality, kind="stable")[:_NUM_TYPICAL]]
    # Members without a margin, of a single cluster, are not ambiguous.
    known = np.flatnonzero(np.isfinite(margin))
    ambiguous = places[known[np.argsort(margin[known], kind="stable")[:_NUM_AMBIGUOUS]]]
    return ClusterCard(
        name=f"Cluster {number}",
        size=len(places),
        typical=[reader.read(place, "typicality") for place in typical.tolist()],
        ambiguous=[reader.read(place, "margin") for place in ambiguous.tolist()],
    )


def _tabulate(clustered: xr.DataArray, labels: np.ndarray) -> ClassTable | None:
    kept = labels >= 0
    ids = clustered["source"].to_numpy()[kept]
    names = np.array([f"cluster {label}" for label in labels[kept]])
    among = clustered.sel(source=ids, probe=ids)
    finer = [name for name in ("source_fine_label", "probe_fine_label") if name in among.coords]
    among = among.drop_vars(finer).assign_coords(
        source_label=("source", names), probe_label=("probe", names)
    )
    caption = "Median over all pairs of different examples, from a step on a cluster (rows)"
    tables = build_class_tables(among)
    return replace(tables[0], caption=caption) if tables else None


def _find_classes(clustered: xr.DataArray) -> tuple[np.ndarray | None, str]:
    """Return the finest classes that are known of the sources, if any, and what they are."""
    if "source_fine_label" in clustered.coords:
        return clustered["source_fine_label"].to_numpy(), "Finer classes"
    if "source_label" in clustered.coords and len(np.unique(clustered["source_label"])) > 1:
        return clustered["source_label"].to_numpy(), "Classes"
    return None, "Finer classes"


def _count_classes(
    labels: np.ndarray, known: np.ndarray | None, numbers: list[int]
) -> tuple[list[str], list[list[int]]]:
    if known is None:
        return [], []
    names = np.unique(known)
    if len(names) > _MOST_CLASSES_COUNTED:
        return [], []
    counts = [[int(((labels == number) & (known == name)).sum()) for name in names]
              for number in numbers]  # fmt: skip
    return [str(name) for name in names], counts


def _read_agreement(
    about: Mapping[str, Any], labels: np.ndarray, known: np.ndarray | None
) -> list[tuple[str, list[tuple[str, str]]]]:
    if "agreement" in about:
        return [
            (name.replace("_", " "), [_write_score(row[score]) for score in _SCORES])
            for name, row in about["agreement"].items()
        ]
    if known is None:
        return []
    found = agreement(labels, known)
    return [("these clusters", [(f"{getattr(found, score):.3f}", "") for score in _SCORES])]


def _write_score(score: Mapping[str, float | None]) -> tuple[str, str]:
    interval = "" if score["low"] is None else f"{score['low']:.3f} to {score['high']:.3f}"
    return f"{score['mean']:.3f}", interval
