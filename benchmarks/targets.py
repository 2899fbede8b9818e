"""What was asked of the numbers, and whether it was reached."""

from dataclasses import dataclass

from registry import OURS, OURS_HIGH
from results import LARGEST_ERROR, Outcome, Results, WorkloadResults

__all__ = ["Target", "check_targets"]

PEAK_BYTES = 1.5e9
# Float32 through the 41 layers of a ResNet-18 rounds to 3e-5, whoever computes it.
LARGEST_ERRORS = {"resnet18": 1e-4}
# How many times faster than the best of the rivals: the peers, and the torch.func recipes. One
# everywhere else.
OVER_RIVALS = {"mlp": 1.8, "mlp10": 20, "mlp_16000": 3}
OVER_TORCH_FUNC = {"mlp": 100, "mnist_cnn": 5, "cifar_cnn": 5}
OVER_LOOP = {"relative": 20}
SHARE_OF_RATE = {"mlp": 0.5}
# The only one to finish, in this memory.
ALONE = ("mlp_60000",)


@dataclass(frozen=True)
class Target:
    """One demand, what was found, and whether that is enough."""

    demand: str
    found: str
    is_reached: bool


def _title(workload: WorkloadResults) -> str:
    return f"{workload.title}, n={workload.num_examples:,}"


def _is_recipe(outcome: Outcome) -> bool:
    return outcome.contender.startswith("torch.func")


def _faster(
    workload: WorkloadResults, ours: Outcome, wanted: float, who: str, others: list[Outcome]
) -> list[Target]:
    """One target, if any of the others computed the right matrix."""
    right = [outcome for outcome in others if outcome.is_right]
    if not right:
        return []
    best = min(right, key=lambda outcome: outcome.seconds)
    factor = best.seconds / ours.seconds
    times = "as fast as" if wanted == 1 else f"{wanted:g} times as fast as"
    demand = f"{_title(workload)}: at least {times} {who}"
    return [Target(demand, f"{factor:.3g} ({best.contender})", factor >= wanted)]


def _speed(workload: WorkloadResults, ours: Outcome) -> list[Target]:
    name, outcomes = workload.name, workload.outcomes
    rivals = [outcome for outcome in outcomes if outcome.is_peer or _is_recipe(outcome)]
    targets = _faster(workload, ours, OVER_RIVALS.get(name, 1), "every peer", rivals)
    high = workload.of(OURS_HIGH)
    if high is not None and high.is_right:
        with_high = "every peer, with matmul_precision=high"
        targets += _faster(workload, high, OVER_RIVALS.get(name, 1), with_high, rivals)
    if name in OVER_TORCH_FUNC:
        recipes = [outcome for outcome in outcomes if _is_recipe(outcome)]
        targets += _faster(workload, ours, OVER_TORCH_FUNC[name], "torch.func", recipes)
    if name in OVER_LOOP:
        loop = [o for o in outcomes if o.contender == "plain loop"]
        targets += _faster(workload, ours, OVER_LOOP[name], "the plain loop", loop)
    return targets


def _share(workload: WorkloadResults, ours: Outcome, rate: float) -> list[Target]:
    wanted = SHARE_OF_RATE.get(workload.name)
    if wanted is None:
        return []
    share = workload.num_operations / ours.seconds / rate
    demand = f"{_title(workload)}: at least {wanted:.0%} of the matrix-product rate"
    return [Target(demand, f"{share:.0%}", share >= wanted)]


def _error_and_memory(workload: WorkloadResults, ours: Outcome) -> list[Target]:
    error, peak = ours.relative_error, ours.peak
    allowed = workload.memory_limit or PEAK_BYTES
    largest = LARGEST_ERRORS.get(workload.name, LARGEST_ERROR)
    return [
        Target(
            f"{_title(workload)}: within {largest:.0e} of float64",
            ours.error_in_words,
            error < largest,
        ),
        Target(
            f"{_title(workload)}: peak memory below {allowed / 1e9:g} GB",
            f"{peak / 1e9:.2f} GB",
            peak < allowed,
        ),
    ]


def _alone(workload: WorkloadResults) -> list[Target]:
    """Whether all who finish are ours."""
    if workload.name not in ALONE:
        return []
    finished = [outcome.contender for outcome in workload.outcomes if outcome.is_right]
    others = [name for name in finished if not name.startswith(OURS)]
    found = f"finished: {', '.join(finished) or 'nobody'}"
    demand = f"{_title(workload)}: the only one to finish"
    return [Target(demand, found, bool(finished) and not others)]


def check_targets(results: Results) -> list[Target]:
    """The demands that this run can answer."""
    targets = []
    for workload in results.workloads:
        targets += _alone(workload)
        ours = workload.of(OURS)
        if ours is not None and not ours.problem:
            targets += _speed(workload, ours)
            targets += _share(workload, ours, results.rate)
            targets += _error_and_memory(workload, ours)
    return targets
