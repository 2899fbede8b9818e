"""Which pairs of a result belong together, by the classes of their source and probe."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.results.bootstrap import Population
from neurashed.results.pairs import find_selves, index_classes, match_examples, read_classes

__all__ = ["Grouping", "group_by_classes"]


@dataclass(frozen=True, eq=False)
class Grouping:
    """The groups of the pairs of a result.

    Attributes:
        groups: Group of each pair of classes ``(source_class, probe_class)``, from 0.
        num_groups: How many groups there are.
        source_classes: Names of the classes of sources ``(source_class,)``.
        probe_classes: Names of the classes of probes ``(probe_class,)``.
        source_index: Number of the class of each source ``(source,)``.
        probe_index: Number of the class of each probe ``(probe,)``.
        selves: Place of each source among the probes ``(source,)``, -1 for none: pairs of an
            example with itself are left out. None to leave out no pair.
        population: From which examples to draw again.
    """

    groups: np.ndarray
    num_groups: int
    source_classes: np.ndarray
    probe_classes: np.ndarray
    source_index: np.ndarray
    probe_index: np.ndarray
    selves: np.ndarray | None
    population: Population

    def of_pairs(self) -> np.ndarray:
        """Return the group of each pair ``(source, probe)``, -1 for one that is left out."""
        groups = self.groups[np.ix_(self.source_index, self.probe_index)]
        if self.selves is not None:
            sources = np.flatnonzero(self.selves >= 0)
            groups[sources, self.selves[sources]] = -1
        return groups

    def count_selves(self) -> np.ndarray:
        """Return how many pairs of each group are left out, of an example with itself."""
        if self.selves is None:
            return np.zeros(self.num_groups, dtype=np.int64)
        has_self = self.selves >= 0
        classes = self.source_index[has_self], self.probe_index[self.selves[has_self]]
        return np.bincount(self.groups[classes], minlength=self.num_groups)


def group_by_classes(
    result: xr.DataArray, labels: str, *, include_diagonal: bool, only_same: bool = False
) -> Grouping:
    """Group the pairs of a result by the classes of source and probe.

    Args:
        result: A plain result.
        labels: ``"label"`` or ``"fine_label"``.
        include_diagonal: Whether an example paired with itself (the same id) counts.
        only_same: Whether all that matters is if both classes are the same: group 0 if they are,
            1 if not. Else there is a group for each pair of classes.

    Returns:
        The groups.
    """
    source_labels, probe_labels = (
        read_classes(result, axis, labels) for axis in ("source", "probe")
    )
    source_classes, source_index = index_classes(source_labels)
    probe_classes, probe_index = index_classes(probe_labels)
    shape = (len(source_classes), len(probe_classes))
    if only_same:
        groups = (source_classes[:, None] != probe_classes).astype(np.int64)
    else:
        groups = np.arange(shape[0] * shape[1]).reshape(shape)
    ids = (result.coords[axis].values for axis in ("source", "probe"))
    return Grouping(
        groups=groups,
        num_groups=2 if only_same else groups.size,
        source_classes=source_classes,
        probe_classes=probe_classes,
        source_index=source_index,
        probe_index=probe_index,
        selves=None if include_diagonal else find_selves(*ids),
        population=Population(*match_examples(result), source_labels, probe_labels),
    )
