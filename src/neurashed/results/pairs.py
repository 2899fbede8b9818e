"""The pairs of a result, sorted into groups, ready to be summarized many times."""

import re
from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.errors import InputError
from neurashed.results.dimensions import EXAMPLE_DIMS, RATIO_MEASURES, SELF_RESPONSE
from neurashed.results.schema import check_result
from neurashed.typing import Statistic

__all__ = [
    "GroupedPairs",
    "PairTerms",
    "check_plain",
    "check_statistic",
    "find_selves",
    "group_pairs",
    "index_classes",
    "match_examples",
    "number_examples",
    "read_classes",
    "read_self_response",
    "read_terms",
    "sort_labels",
]


@dataclass(frozen=True)
class PairTerms:
    """What each pair contributes to a statistic, ``(source, probe)``.

    Attributes:
        numerators: The summands above the line of a mean; the values themselves for a median.
        denominators: The summands below the line: ones, or the self-responses for a ratio of means.
    """

    numerators: np.ndarray
    denominators: np.ndarray


@dataclass(frozen=True)
class GroupedPairs:
    """Defined pairs of a result, sorted by group and within a group by value.

    Attributes:
        sources: Position of the source of each pair.
        probes: Position of the probe of each pair.
        numerators: See `PairTerms`.
        denominators: See `PairTerms`.
        starts: First pair of each group, and the number of pairs at the end ``(group + 1,)``.
        num_undefined: Pairs of each group that are left out because they are not finite.
    """

    sources: np.ndarray
    probes: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray
    starts: np.ndarray
    num_undefined: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """How many pairs each group has."""
        return np.diff(self.starts)


def check_plain(result: xr.DataArray) -> None:
    """Check that a result has the dimensions source and probe and no others.

    Args:
        result: A result.

    Raises:
        InputError: If it has more; the message says how to choose.
    """
    check_result(result)
    if result.dims != EXAMPLE_DIMS:
        more = [str(dim) for dim in result.dims if dim not in EXAMPLE_DIMS]
        message = (
            f"the result has the further dimensions {more}; "
            f"choose one at a time, such as result.isel({more[0]}=0)"
        )
        raise InputError(message)


def match_examples(result: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Give every example one number, the same as source and as probe if its id is the same.

    Args:
        result: A result.

    Returns:
        The numbers of the sources and of the probes.
    """
    return number_examples(*(result.coords[axis].values for axis in EXAMPLE_DIMS))


def number_examples(sources: np.ndarray, probes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give every example one number, as `match_examples`, from ids of sources and of probes."""
    if sources.dtype.kind != probes.dtype.kind:
        return np.arange(len(sources)), len(sources) + np.arange(len(probes))
    _, numbers = np.unique(np.concatenate([sources, probes]), return_inverse=True)
    return numbers[: len(sources)], numbers[len(sources) :]


def find_selves(sources: np.ndarray, probes: np.ndarray) -> np.ndarray:
    """Return where each source stands among the probes.

    Args:
        sources: Ids of the sources ``(source,)``.
        probes: Ids of the probes ``(probe,)``.

    Returns:
        Places ``(source,)``, -1 for a source that is no probe.

    Example:
        >>> find_selves(np.array(["a", "b"]), np.array(["c", "b"]))
        array([-1,  1])
    """
    if sources.dtype.kind != probes.dtype.kind:
        return np.full(len(sources), -1)
    order = np.argsort(probes)
    places = order[np.searchsorted(probes, sources, sorter=order).clip(max=len(probes) - 1)]
    return np.where(probes[places] == sources, places, -1)


def read_classes(result: xr.DataArray, axis: str, labels: str) -> np.ndarray:
    """Return the class of each example of an axis.

    Args:
        result: A result.
        axis: ``"source"`` or ``"probe"``.
        labels: ``"label"`` or ``"fine_label"``.

    Returns:
        Strings, one for each example.

    Raises:
        InputError: If the result has no such labels.
    """
    name = f"{axis}_{labels}"
    if name not in result.coords:
        known = sorted(str(coord) for coord in result.coords if str(coord).endswith("label"))
        message = f"the result has no {name}, only {known}; give Examples labels and measure again"
        raise InputError(message)
    return result.coords[name].values


def index_classes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different labels, see `sort_labels`, and which of them each example has."""
    classes = sort_labels(labels)
    order = np.argsort(classes)
    return classes, order[np.searchsorted(classes, labels, sorter=order)]


def sort_labels(labels: np.ndarray) -> np.ndarray:
    """Return the different labels, with the numbers in them in the order of numbers."""

    def split_numbers(label: str) -> list[tuple[int, str]]:
        parts = re.split(r"([0-9]+)", label)
        return [(int(part) if part.isdecimal() else -1, part) for part in parts]

    return np.array(sorted(np.unique(labels).tolist(), key=split_numbers), dtype=np.str_)


def read_terms(result: xr.DataArray, statistic: Statistic, *, magnitudes: bool) -> PairTerms:
    """Return what each pair contributes to a statistic, in float64.

    Args:
        result: A plain result.
        statistic: Which statistic.
        magnitudes: Whether the sign of the values is dropped; a ratio of means always drops it.

    Returns:
        Numerators and denominators. A statistic that is unknown, or that needs self-responses where
        there are none, is refused with an `InputError`.
    """
    check_statistic(statistic)
    values = result.values.astype(np.float64)
    values = np.abs(values) if magnitudes or statistic == "ratio_of_means" else values
    if statistic != "ratio_of_means":
        return PairTerms(values, np.broadcast_to(1.0, values.shape))
    scale = read_self_response(result)[:, None]
    return PairTerms(values * scale, np.broadcast_to(scale, values.shape))


def check_statistic(statistic: Statistic) -> None:
    """Check that a statistic is one of those we know.

    Args:
        statistic: Its name.

    Raises:
        InputError: If it is none.
    """
    if statistic not in {"median", "ratio_of_means", "mean"}:
        message = f"statistic is {statistic!r}; use 'median', 'ratio_of_means' or 'mean'"
        raise InputError(message)


def read_self_response(result: xr.DataArray) -> np.ndarray:
    """Return the self-responses of a result.

    Args:
        result: A result.

    Returns:
        Numbers ``(source,)`` in float64.

    Raises:
        InputError: If it has none.
    """
    if SELF_RESPONSE not in result.coords:
        message = (
            f"a ratio of means needs the coordinate self_response, which {result.name!r} lacks and "
            f"the measures {RATIO_MEASURES} have; use 'median' or 'mean', or measure one of those"
        )
        raise InputError(message)
    return result.coords[SELF_RESPONSE].values.astype(np.float64)


def group_pairs(terms: PairTerms, groups: np.ndarray, num_groups: int) -> GroupedPairs:
    """Sort pairs into groups.

    Args:
        terms: What each pair contributes.
        groups: Group of each pair ``(source, probe)``, from 0; pairs of group -1 are left out.
        num_groups: How many groups there are.

    Returns:
        The pairs of all groups.
    """
    is_defined = np.isfinite(terms.numerators) & np.isfinite(terms.denominators)
    is_in_group = groups >= 0
    lost = groups[is_in_group & ~is_defined]
    sources, probes = np.nonzero(is_in_group & is_defined)
    numerators = terms.numerators[sources, probes]
    order = np.lexsort((numerators, groups[sources, probes]))
    sources, probes = sources[order].astype(np.int32), probes[order].astype(np.int32)
    counts = np.bincount(groups[sources, probes], minlength=num_groups)
    return GroupedPairs(
        sources=sources,
        probes=probes,
        numerators=numerators[order],
        denominators=terms.denominators[sources, probes],
        starts=np.concatenate([[0], np.cumsum(counts)]),
        num_undefined=np.bincount(lost, minlength=num_groups),
    )
