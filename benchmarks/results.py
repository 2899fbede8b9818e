"""What a run of the benchmarks found, as it is stored."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

__all__ = [
    "LARGEST_ERROR",
    "OUT_OF_MEMORY",
    "Outcome",
    "Results",
    "WorkloadResults",
    "load_results",
    "save_results",
]

# How far from float64 a float32 result may be.
LARGEST_ERROR = 1e-5
# A float32 result this far from float64 has left something out.
FLAGGED_ERROR = 1e-3
# How a contender that asks for more memory than there is, is said to end.
OUT_OF_MEMORY = "runs out of memory"


@dataclass(frozen=True)
class Outcome:
    """What one contender made of one workload.

    Attributes:
        contender: Its name.
        is_peer: Whether it is a package of someone else.
        problem: Why there is no time; empty if there is one.
        seconds: Median wall time.
        num_timed: Calls behind the median.
        busy_others: Cores that other processes used meanwhile.
        peak: Peak resident bytes of its process.
        above_imports: The peak less what was resident after its imports.
        relative_error: Against float64, on the pairs that are checked.
        num_switched: If that is a large one of ours, how many examples have a unit that is on in
            one of float32 and float64 and off in the other.
        error_without_switched: The error without those examples.
        least_bytes: What its algorithm needs to hold; 0 where memory is not limited.
    """

    contender: str
    is_peer: bool
    problem: str = ""
    seconds: float = float("nan")
    num_timed: int = 0
    busy_others: float = 0.0
    peak: int = 0
    above_imports: int = 0
    relative_error: float = float("nan")
    num_switched: int = 0
    error_without_switched: float | None = None
    least_bytes: int = 0

    @property
    def error_in_words(self) -> str:
        """The error, and what is left of it without examples that have a unit switched."""
        if self.error_without_switched is None or not self.num_switched:
            return f"{self.relative_error:.0e}"
        examples = f"{self.num_switched} example{'s' * (self.num_switched > 1)}"
        return (
            f"{self.relative_error:.0e}; {self.error_without_switched:.0e} without {examples} with "
            "a unit switched by rounding"
        )

    @property
    def is_right(self) -> bool:
        """Whether it was timed and its matrix is the one that was asked for."""
        return not self.problem and self.relative_error <= FLAGGED_ERROR


@dataclass(frozen=True)
class WorkloadResults:
    """All outcomes of one workload, with the operations and the memory limit it has."""

    name: str
    title: str
    num_examples: int
    num_operations: int
    outcomes: tuple[Outcome, ...]
    memory_limit: int | None = None

    def of(self, contender: str) -> Outcome | None:
        """The outcome of a contender, if it took part."""
        return next((o for o in self.outcomes if o.contender == contender), None)


@dataclass(frozen=True)
class Results:
    """One run on one machine.

    Attributes:
        created: When it began.
        command: How to repeat it.
        commit: Of the repository.
        machine: Description of the machine.
        rate: Float32 matrix-product rate, operations per second.
        rate_note: How the rate was had.
        peers: Peers that took part, with their versions.
        missing: Peers without an environment.
        workloads: What was found.
        selection: The name of the selection; empty for a part of one.
    """

    created: str
    command: str
    commit: str
    machine: dict[str, Any]
    rate: float
    rate_note: str
    peers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    workloads: tuple[WorkloadResults, ...] = ()
    selection: str = ""

    def of(self, workload: str) -> WorkloadResults | None:
        """What was found on a workload, if anything."""
        return next((found for found in self.workloads if found.name == workload), None)

    def having(self, found: WorkloadResults) -> "Results":
        """The same with what was found on one workload put in, or put in place of the old."""
        others = tuple(known for known in self.workloads if known.name != found.name)
        return replace(self, workloads=(*others, found))


def save_results(results: Results, path: Path) -> None:
    """Write as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(results), indent=1) + "\n")
    unfinished.replace(path)


def load_results(path: Path) -> Results:
    """Read what `save_results` wrote."""
    stored = json.loads(path.read_text())
    workloads = [
        WorkloadResults(**{**w, "outcomes": tuple(Outcome(**o) for o in w["outcomes"])})
        for w in stored.pop("workloads")
    ]
    peers, missing = tuple(stored.pop("peers")), tuple(stored.pop("missing"))
    return Results(**stored, peers=peers, missing=missing, workloads=tuple(workloads))
