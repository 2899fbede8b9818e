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
    ("what", "network", "num_sources", "num_probes"),
    [
        ("kernel", "mlp", 2000, 2000),
        ("kernel", "cnn", 500, 500),
        ("kernel", "sequence", 1500, 1500),
        ("split kernel", "mlp", 2000, 2000),
        ("split kernel", "cnn", 500, 500),
        ("split kernel", "sequence", 1500, 1500),
        ("sketch", "mlp", 500, 500),
        ("sketch", "cnn", 500, 500),
        ("responses", "mlp", 200, 200),
        ("responses", "mlp", 5, 20_000),
        ("responses", "cnn", 60, 60),
    ],
)
def test_peak_memory(what: str, network: str, num_sources: int, num_probes: int):
    script = str(TESTS / "peak_memory.py")
    command = [sys.executable, script, what, network, str(num_sources), str(num_probes)]
    paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [*command, str(BUDGET)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rise, result = map(int, done.stdout.split())
    assert result < rise <= BUDGET + result + ALLOWANCE
