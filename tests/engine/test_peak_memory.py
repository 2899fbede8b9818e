"""A measurement holds no more than the budget, the result and a fixed allowance."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
BUDGET = 64 * 10**6
# Scratch space of the libraries that multiply and convolve, and pages that the allocator keeps.
ALLOWANCE = 24 * 10**6


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux counts it")
@pytest.mark.parametrize(
    ("what", "network", "count"),
    [("kernel", "mlp", 2000), ("kernel", "cnn", 500), ("responses", "mlp", 200),
     ("responses", "cnn", 60)],
)  # fmt: skip
def test_peak_memory(what: str, network: str, count: int):
    command = [sys.executable, str(TESTS / "peak_memory.py"), what, network, str(count)]
    done = subprocess.run(
        [*command, str(BUDGET)],
        env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rise, result = map(int, done.stdout.split())
    assert result < rise <= BUDGET + result + ALLOWANCE
