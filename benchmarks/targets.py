"""What we ask of ourselves, and whether a run reached it."""

from dataclasses import dataclass

from registry import OURS
from results import Outcome, Results, WorkloadResults

__all__ = ["Target", "check_targets"]

PEAK_BYTES = 1.5e9
LARGEST_ERROR = 1e-5
# How many times faster than the better of the torch.func recipes, and than the plain loop.
OVER_TORCH_FUNC = {"mlp": 100, "mnist_cnn": 5, "cifar_cnn": 5}
OVER_LOOP = {"relative": 20}
SHARE_OF_RATE = {"mlp": 0.5}


@dataclass(frozen=True)
class Target:
    """One demand, what was found, and whether that is enough."""

    demand: str
    found: str
    is_reached: bool


def _faster(
    workload: WorkloadResults, ours: Outcome, wanted: float, who: str, others: list[Outcome]
) -> list[Target]:
    """One target, if any of the others computed the right matrix."""
    right = [outcome for outcome in others if outcome.is_right]
    if not right:
        return []
    best = min(right, key=lambda outcome: outcome.seconds)
    factor = best.seconds / ours.seconds
    demand = f"{workload.title}: at least {wanted:g} times as fast as {who}"
    return [Target(demand, f"{factor:.3g} ({best.contender})", factor >= wanted)]


def _speed(workload: WorkloadResults, ours: Outcome) -> list[Target]:
    name, outcomes = workload.name, workload.outcomes
    targets = []
    if name in OVER_TORCH_FUNC:
        recipes = [o for o in outcomes if o.contender.startswith("torch.func")]
        targets += _faster(workload, ours, OVER_TORCH_FUNC[name], "torch.func", recipes)
        targets += _faster(workload, ours, 1, "every peer", [o for o in outcomes if o.is_peer])
    if name in OVER_LOOP:
        loop = [o for o in outcomes if o.contender == "plain loop"]
        targets += _faster(workload, ours, OVER_LOOP[name], "the plain loop", loop)
    return targets


def _share(workload: WorkloadResults, ours: Outcome, rate: float) -> list[Target]:
    wanted = SHARE_OF_RATE.get(workload.name)
    if wanted is None:
        return []
    share = workload.num_operations / ours.seconds / rate
    demand = f"{workload.title}: at least {wanted:.0%} of the matrix-product rate"
    return [Target(demand, f"{share:.0%}", share >= wanted)]


def _error_and_memory(workload: WorkloadResults, ours: Outcome) -> list[Target]:
    error, peak = ours.relative_error, ours.peak
    return [
        Target(
            f"{workload.title}: within {LARGEST_ERROR:.0e} of float64",
            f"{error:.0e}",
            error < LARGEST_ERROR,
        ),
        Target(
            f"{workload.title}: peak memory below {PEAK_BYTES / 1e9:g} GB",
            f"{peak / 1e9:.2f} GB",
            peak < PEAK_BYTES,
        ),
    ]


def check_targets(results: Results) -> list[Target]:
    """The demands that this run can answer."""
    targets = []
    for workload in results.workloads:
        ours = workload.of(OURS)
        if ours is not None and not ours.problem:
            targets += _speed(workload, ours)
            targets += _share(workload, ours, results.rate)
            targets += _error_and_memory(workload, ours)
    return targets
