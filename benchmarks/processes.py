"""Each measurement in a process of its own, one at a time."""

import json
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path

from registry import Contender
from results import OUT_OF_MEMORY, Outcome
from workloads import Workload

__all__ = ["Bench", "BenchError", "explain", "run_script"]

HERE = Path(__file__).resolve().parent


class BenchError(RuntimeError):
    """A script of the benchmarks themselves failed."""


# What libraries say when they are refused memory.
REFUSED = (
    *("not enough memory", "can't allocate memory", "Cannot allocate memory", "MemoryError"),
    *("bad_alloc", "Unable to allocate", "RESOURCE_EXHAUSTED"),
)


def explain(stderr: str) -> str:
    """Why a contender failed, from what it wrote."""
    if any(words in stderr for words in REFUSED):
        return OUT_OF_MEMORY
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f"fails: {lines[-1][:160] if lines else 'without a word'}"


def run_script(command: list[str], timeout: float | None) -> str:
    """Run a script; return why it failed, or nothing."""
    try:
        done = subprocess.run(command, timeout=timeout, capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        return f"over {timeout:g} s"
    if done.returncode < 0:
        return f"killed by signal {-done.returncode}; most likely it {OUT_OF_MEMORY}"
    if done.returncode > 0:
        return explain(done.stderr)
    return ""


@dataclass(frozen=True)
class Bench:
    """Where files go between processes, and how long one may take.

    Attributes:
        folder: For files that are needed only during the run.
        is_quick: Whether this is a smoke test.
    """

    folder: Path
    is_quick: bool

    def measure_rate(self) -> tuple[float, str]:
        """The matrix-product rate in operations per second, and how it was had."""
        out = self.folder / "rate.json"
        self._run_own("matrix_rate.py", str(out))
        found = json.loads(out.read_text())
        note = f"square products of size {found['size']}, torch {found['torch']}"
        return found["operations_per_second"], note

    def compute_reference(self, workload: Workload) -> tuple[int, int]:
        """Write the numbers of a workload and some pairs in float64; count what it needs.

        Returns:
            Operations, and parameters of the network.
        """
        self._run_own("reference.py", workload.name, str(self.folder))
        counts = json.loads((self.folder / "counts.json").read_text())
        return counts["operations"], counts["parameters"]

    def measure(self, contender: Contender, workload: Workload, limit: float) -> Outcome:
        """Time one contender on one workload, in no more than ``limit`` seconds."""
        outcome = Outcome(contender.name, contender.peer is not None)
        out = self.folder / "measured.json"
        arguments = [contender.module, contender.function, workload.name, str(self.folder)]
        command = self._command(contender.interpreter, "worker.py", *arguments, str(out))
        problem = run_script(command, limit)
        if problem:
            return replace(outcome, problem=problem)
        known = {field.name for field in fields(Outcome)}
        measured = json.loads(out.read_text()).items()
        return replace(outcome, **{name: value for name, value in measured if name in known})

    def _command(self, python: Path | str, script: str, *arguments: str) -> list[str]:
        quick = ["--quick"] if self.is_quick else []
        return [str(python), str(HERE / script), *arguments, *quick]

    def _run_own(self, script: str, *arguments: str) -> None:
        problem = run_script(self._command(sys.executable, script, *arguments), None)
        if problem:
            message = f"{script} {problem}"
            raise BenchError(message)
