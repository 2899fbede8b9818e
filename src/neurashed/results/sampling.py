"""The part of a large result that a page or a summary reads: examples, drawn with a seed."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.results.blocks import is_large
from neurashed.seeding import numpy_generator

__all__ = ["Sample", "draw_sample"]

_SAMPLE_SIZE = 1_000
# A store gives neighbours at the price of one: examples are drawn from runs of neighbours, and the
# runs lie evenly, so that results sorted by class are seen whole.
_RUN = 512
_NUM_RUNS = 16
_SEED = 0


@dataclass(frozen=True)
class Sample:
    """Some sources and probes of a result, and where they stand in it.

    Attributes:
        result: Values ``(source, probe)`` among them, in memory.
        sources: Places of the sources in the whole result, in increasing order.
        probes: Places of the probes.
        is_whole: Whether nothing is left out.
    """

    result: xr.DataArray
    sources: np.ndarray
    probes: np.ndarray
    is_whole: bool

    def describe(self, whole: xr.DataArray) -> str:
        """Return how the sample came about, in words.

        Args:
            whole: The result that it is of.

        Returns:
            The beginning of a sentence, such as ``"1,000 of 60,000 sources ... drawn at random"``.
        """
        parts = [
            f"{len(places):,} of {whole.sizes[axis]:,} {axis}s"
            for axis, places in (("source", self.sources), ("probe", self.probes))
        ]
        num_runs = len(np.unique(self.sources // _RUN))
        is_from_all = num_runs * _RUN >= whole.sizes["source"]
        runs = "" if is_from_all else f" from {num_runs} runs of {_RUN} neighbours"
        return f"{' and '.join(parts)}, drawn with seed {_SEED}{runs}"


def draw_sample(result: xr.DataArray) -> Sample:
    """Read a result, or of a large one a sample of its sources and probes.

    Where sources and probes are the same examples in the same order, so are those of the sample.
    Every example is as likely as any other to be drawn.

    Args:
        result: Values ``(source, probe)``, perhaps lazy.

    Returns:
        The sample.
    """
    num_sources, num_probes = result.sizes["source"], result.sizes["probe"]
    if not is_large(result):
        return Sample(
            result.compute(), np.arange(num_sources), np.arange(num_probes), is_whole=True
        )
    sources = _draw(num_sources)
    # The same draw for the same number: sources that are the probes too stay so.
    probes = _draw(num_probes)
    return Sample(
        result.isel(source=sources, probe=probes).compute(), sources, probes, is_whole=False
    )


def _draw(num_examples: int) -> np.ndarray:
    """Return places of some examples, in increasing order."""
    if num_examples <= _SAMPLE_SIZE:
        return np.arange(num_examples)
    generator = numpy_generator(_SEED, "examples of a report")
    num_runs = -(-num_examples // _RUN)
    # Evenly spaced from a random start: every run is as likely as any other.
    offsets = np.linspace(0, num_runs, min(_NUM_RUNS, num_runs), endpoint=False)
    runs = np.unique((offsets + generator.uniform(0, num_runs)).astype(int) % num_runs)
    candidates = (runs[:, None] * _RUN + np.arange(_RUN)).ravel()
    candidates = candidates[candidates < num_examples]
    chosen = generator.choice(candidates, min(_SAMPLE_SIZE, len(candidates)), replace=False)
    return np.sort(chosen)
