"""Intervals from drawing examples again: pairs share examples, so pairs are never drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurashed.errors import InputError
from neurashed.results.pair_sums import PairSums
from neurashed.results.pairs import GroupedPairs
from neurashed.results.replicates import Drawings, replicate_groups
from neurashed.results.weighted import summarize_groups
from neurashed.seeding import numpy_generator
from neurashed.typing import Statistic

__all__ = ["Bootstrap", "Population"]


@dataclass(frozen=True)
class Population:
    """The examples of a result from which a bootstrap draws.

    Attributes:
        sources: Number of the example of each source, see `match_examples`.
        probes: Number of the example of each probe.
        source_classes: Class of each source.
        probe_classes: Class of each probe.
    """

    sources: np.ndarray
    probes: np.ndarray
    source_classes: np.ndarray
    probe_classes: np.ndarray

    def drawings(self, drawn: np.ndarray) -> Drawings:
        """Return drawings of examples as drawings of sources and probes.

        Args:
            drawn: How often each example was drawn ``(replicate, example)``.

        Returns:
            The same for each source and each probe, with their classes as numbers.
        """
        classes = np.concatenate([self.source_classes, self.probe_classes])
        _, numbers = np.unique(classes, return_inverse=True)
        return Drawings(
            drawn[:, self.sources],
            drawn[:, self.probes],
            numbers[: len(self.sources)],
            numbers[len(self.sources) :],
        )

    def strata(self) -> list[np.ndarray]:
        """Return the sets of examples that stand for each other: same class, same role.

        Returns:
            Numbers of examples, one array for each class and each of the roles source only, probe
            only, and both, in an order that depends on ids and labels alone.
        """
        numbers, first = np.unique(np.concatenate([self.sources, self.probes]), return_index=True)
        classes = np.concatenate([self.source_classes, self.probe_classes])[first]
        roles = np.isin(numbers, self.sources) + 2 * np.isin(numbers, self.probes)
        _, classes = np.unique(classes, return_inverse=True)
        _, strata = np.unique(classes * 4 + roles, return_inverse=True)
        return [numbers[strata == stratum] for stratum in range(strata.max() + 1)]


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are found.

    In each replicate the examples of each class are drawn with replacement, as many as there are;
    an example that is both source and probe is drawn once for both. The interval holds the middle
    share of the replicates' statistics (percentile bootstrap).

    Attributes:
        num_replicates: How many; 0 for no intervals.
        confidence: Share of replicates within the interval.
        seed: Seed of the drawing.

    References:
        Bootstrapping Exchangeable Random Graphs (Green, Shalizi, 2017),
        https://arxiv.org/abs/1711.00813, where nodes are drawn as examples are here.
    """

    num_replicates: int
    confidence: float
    seed: int

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: If one is out of range.
        """
        if self.num_replicates < 0:
            message = f"num_bootstrap is {self.num_replicates}; give 0 or more"
            raise InputError(message)
        if not 0 < self.confidence < 1:
            message = f"confidence is {self.confidence}; give a share between 0 and 1, such as 0.95"
            raise InputError(message)

    def replicate(
        self, pairs: GroupedPairs, statistic: Statistic, population: Population
    ) -> np.ndarray:
        """Return the statistic of each group in each replicate.

        Args:
            pairs: The pairs.
            statistic: Which statistic.
            population: From which examples to draw.

        Returns:
            Numbers ``(replicate, group)``.
        """
        drawn = np.array(list(self._draw(population)))
        if len(drawn):
            found = replicate_groups(pairs, statistic, population.drawings(drawn))
            if found is not None:
                return found
        sources, probes = population.sources[pairs.sources], population.probes[pairs.probes]
        rows = [summarize_groups(pairs, statistic, one[sources] * one[probes]) for one in drawn]
        return np.array(rows).reshape(len(rows), len(pairs.counts))

    def replicate_sums(
        self, sums: PairSums, groups: np.ndarray, num_groups: int, population: Population
    ) -> np.ndarray:
        """Return the ratio of each group in each replicate, to first order, see `PairSums.ratios`.

        Args:
            sums: Sums over the pairs of each example with each class.
            groups: Group of each pair of classes ``(source_class, probe_class)``, from 0.
            num_groups: How many groups there are.
            population: From which examples to draw.

        Returns:
            Numbers ``(replicate, group)``.
        """
        rows = [
            sums.ratios(groups, num_groups, (drawn[population.sources], drawn[population.probes]))
            for drawn in self._draw(population)
        ]
        return np.array(rows).reshape(len(rows), num_groups)

    def interval(self, replicates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper ends over replicates.

        Args:
            replicates: Numbers ``(replicate, ...)``; NaN where a replicate had no pairs.

        Returns:
            Ends ``(...)``; NaN where no replicate had pairs.
        """
        ends = np.full((2, *replicates.shape[1:]), np.nan)
        known = np.isfinite(replicates).any(axis=0)
        outside = (1 - self.confidence) / 2
        if known.any():
            ends[:, known] = np.nanquantile(replicates[:, known], [outside, 1 - outside], axis=0)
        return ends[0, ...], ends[1, ...]

    def _draw(self, population: Population) -> Iterator[np.ndarray]:
        """Yield how often each example is drawn, by its number, once for each replicate."""
        generator = numpy_generator(self.seed, "bootstrap")
        strata = population.strata()
        num_examples = 1 + max(population.sources.max(), population.probes.max())
        for _ in range(self.num_replicates):
            drawn = np.zeros(num_examples, dtype=np.int32)
            for members in strata:
                places = generator.integers(len(members), size=len(members))
                drawn[members] = np.bincount(places, minlength=len(members))
            yield drawn
