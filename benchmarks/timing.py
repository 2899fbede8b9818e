"""Time and memory of a call in this process."""

import math
import statistics
import time
from dataclasses import dataclass
from typing import Any

from machine import busy_seconds, peak_bytes
from problem import Run

__all__ = ["Timing", "time_call"]

# A first call longer than this is the measurement. The rest warm up, and are repeated until they
# fill some seconds: one that takes as long by itself is called once more.
PATIENCE_SECONDS = 30.0
WANTED_SECONDS = 4.0
FEWEST, MOST = 3, 21


@dataclass(frozen=True)
class Timing:
    """What a call cost.

    Attributes:
        seconds: Median wall time.
        fastest: Least wall time.
        first: Wall time of the first call, compilation included.
        num_timed: How many calls the median is over.
        busy_others: Cores that other processes used meanwhile, on average.
        peak: Peak resident bytes of the process.
    """

    seconds: float
    fastest: float
    first: float
    num_timed: int
    busy_others: float
    peak: int


def _clock(run: Run) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def time_call(run: Run, *, is_quick: bool) -> tuple[Timing, Any]:
    """Warm up, repeat, and return the cost with the last result."""
    busy, own, start = busy_seconds(), time.process_time(), time.perf_counter()
    first, result = _clock(run)
    times = [first]
    if not is_quick and first < PATIENCE_SECONDS:
        wanted = math.ceil(WANTED_SECONDS / first)
        fewest = 1 if first > WANTED_SECONDS else FEWEST
        times = []
        for _ in range(min(MOST, max(fewest, wanted))):
            seconds, result = _clock(run)
            times.append(seconds)
    wall = time.perf_counter() - start
    others = busy_seconds() - busy - (time.process_time() - own)
    timing = Timing(
        seconds=statistics.median(times),
        fastest=min(times),
        first=first,
        num_timed=len(times),
        busy_others=max(0.0, others / wall),
        peak=peak_bytes(),
    )
    return timing, result
