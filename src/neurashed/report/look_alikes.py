"""Near-duplicates and odd ones out in the form in which the page shows them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.clustering import near_duplicates, odd_ones_out
from neurashed.report.examples import choose_shown
from neurashed.report.members import Member, MemberReader

__all__ = ["LookAlikes", "OddOne", "Pair", "describe_look_alikes", "find_odd_ones", "find_pairs"]

_NUM_PAIRS, _NUM_ODD = 12, 24
# Beyond it a search would take longer than the rest of the page, and gigabytes.
_MOST_SEARCHED = 5_000


@dataclass(frozen=True)
class Pair:
    """Two examples that move each other.

    Attributes:
        first: One of them.
        second: The other.
        value: Their mutual elasticity.
    """

    first: Member
    second: Member
    value: str


@dataclass(frozen=True)
class OddOne:
    """An example that moves with another class than its own.

    Attributes:
        member: The example.
        label: Its label.
        suggested: The label it moves with.
        score: How much more than with its own.
    """

    member: Member
    label: str
    suggested: str
    score: str


@dataclass(frozen=True)
class LookAlikes:
    """What the page says of pairs and odd ones where it shows no clusters.

    Attributes:
        num_searched: How many examples were searched.
        pairs: Near-duplicates.
        odd: Members that move with another class than their own.
    """

    num_searched: int
    pairs: list[Pair]
    odd: list[OddOne]


def describe_look_alikes(result: xr.DataArray) -> LookAlikes | None:
    """Find near-duplicates and odd ones out among the sources of a result.

    Args:
        result: Values ``(source, probe)``.

    Returns:
        What the page shows; None if the sources were not measured as probes too.
    """
    if not _is_square(result):
        return None
    searched = result if result.sizes["source"] <= _MOST_SEARCHED else choose_shown(result)
    if not _is_square(searched):
        return None
    noted = "source_label" if "source_label" in searched.coords else ""
    pairs = find_pairs(searched, MemberReader(searched), noted=noted)
    return LookAlikes(searched.sizes["source"], pairs, find_odd_ones(searched))


def find_pairs(result: xr.DataArray, reader: MemberReader, *, noted: str = "") -> list[Pair]:
    """Return the pairs with the highest mutual elasticity.

    Args:
        result: Values ``(source, probe)`` in which every source is a probe.
        reader: Reads its sources.
        noted: A coordinate along ``source`` to be said of each member.

    Returns:
        At most a dozen pairs, the highest first.
    """
    pairs = near_duplicates(result, _NUM_PAIRS)
    place = {each: at for at, each in enumerate(result["source"].to_numpy().tolist())}
    columns = [pairs[name].to_numpy().tolist() for name in ("first", "second", "mutual_elasticity")]
    return [
        Pair(reader.read(place[first], noted), reader.read(place[second], noted), f"{value:.4f}")
        for first, second, value in zip(*columns, strict=True)
    ]


def find_odd_ones(result: xr.DataArray) -> list[OddOne]:
    """Return the examples that move most with another class than their own.

    Args:
        result: Values ``(source, probe)``.

    Returns:
        At most two dozen, the oddest first; none without classes, or where sources are no probes.
    """
    has_classes = "source_label" in result.coords and len(np.unique(result["source_label"])) > 1
    if not has_classes or not _is_square(result):
        return []
    odd = odd_ones_out(result)
    scores = odd["score"].to_numpy()
    order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind="stable")[:_NUM_ODD]
    reader = MemberReader(result)
    labels, suggested = result["source_label"].to_numpy(), odd["suggested_label"].to_numpy()
    return [
        OddOne(
            reader.read(place), str(labels[place]), str(suggested[place]), f"{scores[place]:+.2f}"
        )
        for place in order.tolist()
        if scores[place] > 0
    ]


def _is_square(result: xr.DataArray) -> bool:
    return bool(np.isin(result["source"].values, result["probe"].values).all())
