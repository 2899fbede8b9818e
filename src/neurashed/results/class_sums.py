"""The class table of a matrix that is never held, from its blocks as they are computed."""

from collections.abc import Mapping
from typing import Literal, final

import numpy as np
import xarray as xr

from neurashed.errors import InputError
from neurashed.results.bootstrap import Bootstrap, Population
from neurashed.results.dimensions import LONG_NAMES
from neurashed.results.labelling import AxisLabels
from neurashed.results.pair_sums_builder import PairSumsBuilder
from neurashed.results.pairs import find_selves, index_classes, number_examples

__all__ = ["ClassSums", "label_class_table", "mirror_sums"]


@final
class ClassSums:
    """Adds up blocks of a matrix into the table that `class_table` makes of the whole.

    Values are exact, as they are sums in float64. Intervals come from the same drawings of examples
    as those of `class_table`, to first order in each drawing, see `PairSums.ratios`. 32 bytes are
    kept for each example and class.

    Example:
        >>> axis = AxisLabels(ids=np.arange(4), labels=np.array(["cat", "cat", "dog", "dog"]))
        >>> sums = ClassSums(axis, axis)
        >>> for rows in (slice(0, 2), slice(2, 4)):
        ...     sums.add(rows, slice(0, 4), np.kron(np.eye(2), np.ones((2, 2)))[rows])
        >>> sums.finish(name="relative", units="1")["value"].values
        array([[1., 0.],
               [0., 1.]])
    """

    def __init__(
        self,
        sources: AxisLabels,
        probes: AxisLabels,
        *,
        statistic: Literal["mean", "ratio_of_means"] = "mean",
        labels: Literal["label", "fine_label"] = "label",
        include_diagonal: bool = False,
        self_response: np.ndarray | None = None,
    ) -> None:
        """Begin with nothing.

        Missing labels or self-responses, and other statistics, are refused with an `InputError`.

        Args:
            sources: Ids and labels of the sources.
            probes: Ids and labels of the probes.
            statistic: What to make of the pairs of two classes, see `class_table`.
            labels: Which labels make the classes.
            include_diagonal: Whether an example paired with itself (the same id) counts.
            self_response: How much each source moves itself ``(source,)``; a ratio of means needs
                it.
        """
        self._check_statistic(statistic, self_response)
        source_labels = _read_labels(sources, "source", labels)
        probe_labels = _read_labels(probes, "probe", labels)
        self._source_classes, of_sources = index_classes(source_labels)
        self._probe_classes, of_probes = index_classes(probe_labels)
        self._population = Population(
            *number_examples(sources.ids, probes.ids), source_labels, probe_labels
        )
        self._settings = {
            "statistic": statistic,
            "labels": labels,
            "include_diagonal": include_diagonal,
        }
        is_ratio = statistic == "ratio_of_means"
        self._builder = PairSumsBuilder(
            of_sources,
            of_probes,
            magnitudes=is_ratio,
            scale=self_response if is_ratio else None,
            self_index=None if include_diagonal else find_selves(sources.ids, probes.ids),
        )

    def add(self, sources: slice, probes: slice, values: np.ndarray) -> None:
        """Add a block of the matrix; each pair must be added once.

        Args:
            sources: Its sources, counted from 0, without a step.
            probes: Its probes.
            values: Its values ``(source, probe)``.
        """
        self._builder.add(sources, probes, values)

    def sum_block(self, sources: slice, probes: slice, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return the sums of one block by themselves, so that `add_sums` may add them later.

        Args:
            sources: Its sources.
            probes: Its probes.
            values: Its values ``(source, probe)``.

        Returns:
            Small arrays by name.
        """
        return self._builder.sum_block(sources, probes, values)

    def add_sums(self, sources: slice, probes: slice, sums: Mapping[str, np.ndarray]) -> None:
        """Add the sums of a block; each pair must be added once.

        Args:
            sources: Its sources.
            probes: Its probes.
            sums: What `sum_block` returned of it.
        """
        self._builder.add_sums(sources, probes, sums)

    def finish(
        self,
        *,
        name: str,
        units: str,
        num_bootstrap: int = 200,
        confidence: float = 0.95,
        seed: int = 0,
    ) -> xr.Dataset:
        """Return the table.

        Args:
            name: The measure, such as ``"relative"``.
            units: What its values are measured in.
            num_bootstrap: Number of replicates; with 0 all ends are NaN.
            confidence: Share of replicates within the interval.
            seed: Seed of the bootstrap.

        Returns:
            What `class_table` returns. If not every pair was added once, an `InputError` says so.
        """
        bootstrap = Bootstrap(num_bootstrap, confidence, seed)
        sums = self._builder.finish()
        shape = sums.counts.shape
        groups = np.arange(sums.counts.size).reshape(shape)
        once = np.ones(len(sums.source_classes)), np.ones(len(sums.probe_classes))
        low, high = bootstrap.interval(
            bootstrap.replicate_sums(sums, groups, groups.size, self._population)
        )
        table = label_class_table(
            {
                "value": sums.ratios(groups, groups.size, once).reshape(shape),
                "low": low.reshape(shape),
                "high": high.reshape(shape),
                "count": sums.counts,
                "num_undefined": sums.num_undefined,
            },
            (self._source_classes, self._probe_classes),
            (sums.source_classes, sums.probe_classes),
            about={"measure": name, "units": units, "long_name": LONG_NAMES.get(name, name)},
        )
        drawing = {"num_bootstrap": num_bootstrap, "confidence": confidence, "seed": seed}
        return table.assign_attrs(**self._settings, **drawing)

    @staticmethod
    def _check_statistic(statistic: str, self_response: np.ndarray | None) -> None:
        if statistic not in {"mean", "ratio_of_means"}:
            message = (
                f"statistic is {statistic!r}; use 'mean' or 'ratio_of_means', which are made of "
                "sums, or keep the matrix and use class_table"
            )
            raise InputError(message)
        if statistic == "ratio_of_means" and self_response is None:
            message = "a ratio of means needs self_response; pass it, or use 'mean'"
            raise InputError(message)


def mirror_sums(sums: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the sums of the mirror image of a block of a symmetric matrix.

    Args:
        sums: What `ClassSums.sum_block` returned of the block, of plain means.

    Returns:
        What it would return of the transposed block.
    """
    return {
        "source_numerators": sums["probe_numerators"],
        "source_counts": sums["probe_scales"],
        "probe_numerators": sums["source_numerators"],
        "probe_scales": sums["source_counts"],
        "num_added": sums["num_added"],
    }


def label_class_table(
    cells: dict[str, np.ndarray],
    classes: tuple[np.ndarray, np.ndarray],
    members: tuple[np.ndarray, np.ndarray],
    *,
    about: dict[str, str],
) -> xr.Dataset:
    """Put names on the numbers of a class table.

    Args:
        cells: ``value``, ``low``, ``high`` and the counts ``(source_class, probe_class)``.
        classes: Names of the classes of sources and of probes.
        members: Number of the class of each source and of each probe. Where a class has a single
            member nothing can be said about its variation: ends become NaN.
        about: ``measure``, ``units`` and ``long_name``.

    Returns:
        The table.
    """
    varies = np.logical_and.outer(*(np.bincount(each) > 1 for each in members))
    ends = {end: np.where(varies, cells[end], np.nan) for end in ("low", "high")}
    table = xr.Dataset(
        {name: (("source_class", "probe_class"), cell) for name, cell in {**cells, **ends}.items()},
        coords=dict(zip(("source_class", "probe_class"), classes, strict=True)),
        attrs=about,
    )
    for name in ("value", "low", "high"):
        table[name].attrs = about
    return table


def _read_labels(axis: AxisLabels, name: str, labels: str) -> np.ndarray:
    found = {"label": axis.labels, "fine_label": axis.fine_labels}[labels]
    if found is None:
        message = f"the {name}s have no {labels}; give Examples labels and measure again"
        raise InputError(message)
    return found
