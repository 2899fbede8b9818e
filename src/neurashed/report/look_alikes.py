"""Near-duplicates and odd ones out in the form in which the page shows them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.clustering import (
    KnownPairs,
    closest_pairs,
    find_known_pairs,
    near_duplicates,
    odd_ones_out,
    odd_sources,
)
from neurashed.report.members import Member, MemberReader
from neurashed.report.ranked import Ranked

__all__ = [
    "LookAlikes",
    "OddOne",
    "OddOnes",
    "Pair",
    "describe_look_alikes",
    "describe_ranked_look_alikes",
    "find_odd_ones",
    "find_pairs",
]

_NUM_PAIRS, _NUM_ODD = 12, 24
_SYMMETRIC_MEASURES = {"tangent_kernel", "cosine"}
_VOTES = {
    "neighbors": "the examples that they move with most",
    "held_out": "all other examples, each with the weight that kernel regression gives it",
    "top_probes": "the examples that they move with most, among the top probes of each",
}


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
class OddOnes:
    """Examples that move with another class than their own.

    Attributes:
        members: The oddest first.
        voters: Who votes for the class of each, in words.
    """

    members: list[OddOne]
    voters: str


@dataclass(frozen=True)
class LookAlikes:
    """What the page says of pairs and odd ones where it shows no clusters.

    Attributes:
        searched: Among what was searched, in words.
        pairs: Near-duplicates.
        odd: Members that move with another class than their own.
    """

    searched: str
    pairs: list[Pair]
    odd: OddOnes


def describe_look_alikes(result: xr.DataArray, *, is_sample: bool = False) -> LookAlikes | None:
    """Find near-duplicates and odd ones out among the sources of a result.

    Args:
        result: Values ``(source, probe)``.
        is_sample: Whether they are a sample of a larger result.

    Returns:
        What the page shows; None if the sources were not measured as probes too.
    """
    if not _is_square(result):
        return None
    num_searched = f"{result.sizes['source']:,}"
    return LookAlikes(
        searched=f"a sample of {num_searched} sources" if is_sample else f"{num_searched} sources",
        pairs=find_pairs(result, MemberReader(result), noted=_label_of(result)),
        odd=find_odd_ones(result),
    )


def describe_ranked_look_alikes(result: xr.DataArray, ranked: Ranked) -> LookAlikes | None:
    """Find near-duplicates and odd ones out among all sources by their top probes.

    Args:
        result: Values ``(source, probe)``, which are not read.
        ranked: Top probes of all its sources.

    Returns:
        What the page shows; None if the sources are not the probes.
    """
    if ranked.own is None:
        return None
    reader, noted = MemberReader(result), _label_of(result)
    is_symmetric = result.attrs.get("measure") in _SYMMETRIC_MEASURES
    known = find_known_pairs(ranked.values, ranked.places, ranked.own, is_symmetric=is_symmetric)
    pairs = [
        Pair(reader.read(first, noted), reader.read(second, noted), f"{value:.4f}")
        for first, second, value in closest_pairs(known, _NUM_PAIRS)
    ]
    num_sources, num_ranks = ranked.places.shape
    return LookAlikes(
        searched=f"{num_sources:,} sources, by their {num_ranks} top probes",
        pairs=pairs,
        odd=OddOnes(_find_ranked_odd_ones(result, known, reader), _VOTES["top_probes"]),
    )


def _find_ranked_odd_ones(
    result: xr.DataArray, known: KnownPairs, reader: MemberReader
) -> list[OddOne]:
    if not _has_classes(result):
        return []
    names, classes = np.unique(result["source_label"].to_numpy(), return_inverse=True)
    return [
        OddOne(
            reader.read(one.place),
            str(names[classes[one.place]]),
            str(names[one.suggested]),
            f"{one.score:+.2f}",
        )
        for one in odd_sources(known, classes, _NUM_ODD)
    ]


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


def find_odd_ones(result: xr.DataArray) -> OddOnes:
    """Return the examples that move most with another class than their own.

    Args:
        result: Values ``(source, probe)``.

    Returns:
        At most two dozen, the oddest first; none without classes, or where sources are no probes.
    """
    if not _has_classes(result) or not _is_square(result):
        return OddOnes([], "")
    odd = odd_ones_out(result)
    scores = odd["score"].to_numpy()
    order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind="stable")[:_NUM_ODD]
    reader = MemberReader(result)
    labels, suggested = result["source_label"].to_numpy(), odd["suggested_label"].to_numpy()
    members = [
        OddOne(
            reader.read(place), str(labels[place]), str(suggested[place]), f"{scores[place]:+.2f}"
        )
        for place in order.tolist()
        if scores[place] > 0
    ]
    return OddOnes(members, _VOTES[odd.attrs["votes_of"]])


def _label_of(result: xr.DataArray) -> str:
    return "source_label" if "source_label" in result.coords else ""


def _has_classes(result: xr.DataArray) -> bool:
    return "source_label" in result.coords and len(np.unique(result["source_label"])) > 1


def _is_square(result: xr.DataArray) -> bool:
    return bool(np.isin(result["source"].values, result["probe"].values).all())
