"""What reads a large result never holds it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lazy_results import READERS

TESTS = Path(__file__).parents[1]

NUM_EXAMPLES = 10_000
MATRIX = 4 * NUM_EXAMPLES**2
# Some pieces of 2²² numbers in float64, or of 2²⁶ bytes for the checksum, and what goes with them.
MOST = 280_000_000


@pytest.fixture(scope="module")
def measured() -> dict[str, tuple[int, int]]:
    """Return the rise of the peak and the most values read at once, by reader."""
    paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, str(TESTS / "lazy_results.py"), str(NUM_EXAMPLES), str(8_000_000)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: (int(rise), int(most_at_once)) for name, rise, most_at_once in lines}


@pytest.mark.parametrize("name", sorted(READERS))
def test_peak_memory(measured: dict[str, tuple[int, int]], name: str) -> None:
    rise, most_at_once = measured[name]
    assert rise < MOST < MATRIX
    assert most_at_once <= 2**24
