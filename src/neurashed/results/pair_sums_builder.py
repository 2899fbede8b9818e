"""Sums over the pairs of each example with each class, from blocks as they come."""

from collections.abc import Mapping
from typing import final

import numpy as np
from scipy import sparse

from neurashed.errors import InputError
from neurashed.results.pair_sums import PairSums, indicate_classes

__all__ = ["PairSumsBuilder"]

# Rows looked at together: their part of a tile stays in the processor's cache.
_ROWS_AT_ONCE = 256


@final
class PairSumsBuilder:
    """Adds up blocks of a matrix in float64; 32 bytes are kept for each example and class."""

    def __init__(
        self,
        source_classes: np.ndarray,
        probe_classes: np.ndarray,
        *,
        magnitudes: bool = False,
        scale: np.ndarray | None = None,
        self_index: np.ndarray | None = None,
        num_classes: tuple[int, int] = (0, 0),
    ) -> None:
        """Begin with nothing.

        Args:
            source_classes: Number of the class of each source, from 0 without gaps ``(source,)``.
            probe_classes: The same of the probes ``(probe,)``.
            magnitudes: Whether the sign of values is dropped.
            scale: What both the value of a pair and its denominator, 1, are multiplied by
                ``(source,)``; ones if None.
            self_index: Place of each source among the probes, -1 for none ``(source,)``: pairs of
                an example with itself are left out. None to leave out no pair.
            num_classes: Classes of sources and of probes, at least; more than there are examples
                of in a part of a matrix.
        """
        self._classes = source_classes, probe_classes
        self._sizes = (
            np.bincount(source_classes, minlength=num_classes[0]),
            np.bincount(probe_classes, minlength=num_classes[1]),
        )
        num_sources, num_probes = len(source_classes), len(probe_classes)
        self._magnitudes = magnitudes
        self._scale = np.ones(num_sources) if scale is None else scale.astype(np.float64)
        self._own = np.full(num_sources, -1) if self_index is None else self_index
        self._num_added = 0
        of_sources, of_probes = (
            (num_sources, len(self._sizes[1])),
            (num_probes, len(self._sizes[0])),
        )
        self._source_numerators, self._source_counts = np.zeros(of_sources), np.zeros(of_sources)
        self._probe_numerators, self._probe_scales = np.zeros(of_probes), np.zeros(of_probes)

    def add(self, sources: slice, probes: slice, values: np.ndarray) -> None:
        """Add a block of the matrix; each pair must be added once.

        Args:
            sources: Its sources, counted from 0, without a step.
            probes: Its probes.
            values: Its values ``(source, probe)``.
        """
        first_source, first_probe = sources.start or 0, probes.start or 0
        columns = slice(first_probe, first_probe + values.shape[1])
        of_probes = indicate_classes(self._classes[1][columns], len(self._sizes[1]))
        for top in range(0, len(values), _ROWS_AT_ONCE):
            part = values[top : top + _ROWS_AT_ONCE].astype(np.float64)
            start = first_source + top
            self._add_rows(slice(start, start + len(part)), columns, part, of_probes)
        self._num_added += values.size

    def sum_block(self, sources: slice, probes: slice, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return the sums of one block by themselves, which `add_sums` adds.

        Those of a block in float32 where every pair counts are added up in float32: of 4,096
        numbers, with a relative error of about 1e-6.

        Args:
            sources: Its sources.
            probes: Its probes.
            values: Its values ``(source, probe)``.

        Returns:
            Arrays by name.
        """
        own = self._own[sources] - probes.start
        if values.dtype == np.float32 and not ((own >= 0) & (own < values.shape[1])).any():
            found = self._sum_quickly(sources, probes, values)
            if found is not None:
                return found
        part = PairSumsBuilder(
            self._classes[0][sources],
            self._classes[1][probes],
            magnitudes=self._magnitudes,
            scale=self._scale[sources],
            self_index=np.where((own < 0) | (own >= values.shape[1]), -1, own),
            num_classes=(len(self._sizes[0]), len(self._sizes[1])),
        )
        part.add(slice(0, values.shape[0]), slice(0, values.shape[1]), values)
        return {**part._arrays, "num_added": np.array(part._num_added)}

    def _sum_quickly(
        self, sources: slice, probes: slice, values: np.ndarray
    ) -> dict[str, np.ndarray] | None:
        """Return the sums of a block if every pair of it counts once, else None."""
        if self._magnitudes or (self._scale[sources] != 1).any():
            return None
        sizes = len(self._sizes[0]), len(self._sizes[1])
        of_sources, of_probes = (
            (classes[part, None] == np.arange(size)).astype(np.float32)
            for classes, part, size in zip(self._classes, (sources, probes), sizes, strict=True)
        )
        by_source, by_probe = values @ of_probes, values.T @ of_sources
        # A sum is finite only if every number is.
        if not np.isfinite(by_source.sum()):
            return None
        num_sources, num_probes = values.shape
        return {
            "source_numerators": by_source.astype(np.float64),
            "source_counts": np.tile(of_probes.sum(0, dtype=np.float64), (num_sources, 1)),
            "probe_numerators": by_probe.astype(np.float64),
            "probe_scales": np.tile(of_sources.sum(0, dtype=np.float64), (num_probes, 1)),
            "num_added": np.array(values.size),
        }

    def add_sums(self, sources: slice, probes: slice, sums: Mapping[str, np.ndarray]) -> None:
        """Add what `sum_block` returned of a block; each pair must be added once.

        Args:
            sources: Its sources.
            probes: Its probes.
            sums: The sums.
        """
        for name, array in self._arrays.items():
            array[sources if name.startswith("source") else probes] += sums[name]
        self._num_added += int(sums["num_added"])

    @property
    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "source_numerators": self._source_numerators,
            "source_counts": self._source_counts,
            "probe_numerators": self._probe_numerators,
            "probe_scales": self._probe_scales,
        }

    def finish(self) -> PairSums:
        """Return the sums.

        Raises:
            InputError: If not every pair was added once.
        """
        num_pairs = len(self._classes[0]) * len(self._classes[1])
        if self._num_added != num_pairs:
            message = (
                f"{self._num_added} of {num_pairs} pairs were added; "
                "add every block of the matrix once, and the mirror image of half a matrix too"
            )
            raise InputError(message)
        counts = self._count(self._source_counts)
        all_pairs = np.multiply.outer(*self._sizes) - self._count_selves()
        # A scale that is not finite makes every pair of its source undefined.
        scale = np.where(np.isfinite(self._scale), self._scale, 0.0)
        return PairSums(
            source_numerators=self._source_numerators,
            source_denominators=self._source_counts * scale[:, None],
            probe_numerators=self._probe_numerators,
            probe_denominators=self._probe_scales,
            counts=counts,
            num_undefined=all_pairs - counts,
            source_classes=self._classes[0],
            probe_classes=self._classes[1],
        )

    def _add_rows(
        self,
        rows: slice,
        columns: slice,
        part: np.ndarray,
        of_probes: "np.ndarray | sparse.csr_array",
    ) -> None:
        """Add some rows, which are changed in place."""
        scale = self._scale[rows]
        is_defined = self._find_defined(part, scale, self._own[rows] - columns.start)
        if self._magnitudes:
            np.abs(part, out=part)
        # Few rows have few classes: with those alone the product stays small and dense.
        classes, numbers = np.unique(self._classes[0][rows], return_inverse=True)
        of_sources = (numbers[:, None] == np.arange(len(classes))).astype(np.float64)
        if is_defined is not None:
            np.copyto(part, 0.0, where=~is_defined)
            scale = np.where(np.isfinite(scale), scale, 0.0)
            defined = is_defined.astype(np.float64)
            self._source_counts[rows] += defined @ of_probes
            self._probe_scales[columns, classes] += (defined * scale[:, None]).T @ of_sources
        else:
            self._source_counts[rows] += of_probes.sum(axis=0)
            self._probe_scales[columns, classes] += scale @ of_sources
        part *= scale[:, None]
        self._source_numerators[rows] += part @ of_probes
        self._probe_numerators[columns, classes] += part.T @ of_sources

    def _find_defined(
        self, part: np.ndarray, scale: np.ndarray, own: np.ndarray
    ) -> np.ndarray | None:
        """Return which pairs count, None if all do."""
        has_self = np.flatnonzero((own >= 0) & (own < part.shape[1]))
        with np.errstate(over="ignore", invalid="ignore"):
            # Finite only if every number is; the sum of many large ones is looked at again.
            total = part.sum() + scale.sum()
        if not len(has_self) and np.isfinite(total):
            return None
        is_defined = np.isfinite(part) & np.isfinite(scale)[:, None]
        is_defined[has_self, own[has_self]] = False
        return is_defined

    def _count(self, of_sources: np.ndarray) -> np.ndarray:
        indicator = indicate_classes(self._classes[0], len(self._sizes[0]))
        return np.rint(indicator.T @ of_sources).astype(np.int64)

    def _count_selves(self) -> np.ndarray:
        """Return how many pairs are of an example with itself ``(source_class, probe_class)``."""
        is_probe = self._own >= 0
        selves = np.zeros((len(self._sizes[0]), len(self._sizes[1])), dtype=np.int64)
        pairs = self._classes[0][is_probe], self._classes[1][self._own[is_probe]]
        np.add.at(selves, pairs, 1)
        return selves
