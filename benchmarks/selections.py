"""What one command times: workloads, who takes part in each, and how long each may take."""

from dataclasses import dataclass, field

__all__ = ["SELECTIONS", "Selection"]

_FAST = ("neurashed", "by hand", "torch.func, in chunks", "nngeometry", "trak, gradients", "opacus")


@dataclass(frozen=True)
class Selection:
    """One table of the benchmarks.

    Attributes:
        title: Of its section in the docs.
        workloads: Names of the workloads.
        contenders: Beginnings of the names of those who take part.
        limit: Seconds that one contender may take on one workload.
        limits: The same for workloads that need another.
        also: Further contenders by workload: where their time is not lost.
    """

    title: str
    workloads: tuple[str, ...]
    contenders: tuple[str, ...]
    limit: float
    limits: dict[str, float] = field(default_factory=dict)
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def limit_of(self, workload: str) -> float:
        """Seconds that one contender may take on a workload."""
        return self.limits.get(workload, self.limit)

    def takes(self, contender: str, workload: str) -> bool:
        """Whether a contender is timed on a workload."""
        return contender.startswith((*self.contenders, *self.also.get(workload, ())))


SELECTIONS = {
    "rows": Selection(
        "Beside the peers",
        (
            *("mlp_512", "mlp", "cifar_cnn_256", "mlp10", "mlp10_full", "mlp10_loss"),
            *("cifar_cnn10_loss", "resnet8"),
        ),
        (*_FAST, "captum", "backpack"),
        limit=90,
        also={
            "mlp_512": ("plain loop",),
            "cifar_cnn_256": ("plain loop", "torch.func, all"),
            "resnet8": ("plain loop", "torch.func, all"),
            "mlp10": ("neural-tangents, structured",),
            "mlp10_full": ("neural-tangents, structured",),
        },
    ),
    "slow": Selection(
        "The slower peers, on the MLP",
        ("mlp",),
        ("neurashed", "dattri", "kronfluence", "curvlinops", "pydvl", "neural-tangents", "trak"),
        limit=120,
    ),
    "large": Selection(
        "Where memory runs out",
        ("resnet18", "mlp_16000", "mlp_60000"),
        ("neurashed", "torch.func, in chunks", "nngeometry"),
        limit=300,
        limits={"mlp_60000": 1800},
        also={
            "resnet18": ("torch.func, in tiles", "by hand"),
            "mlp_16000": ("by hand", "trak, gradients", "opacus", "backpack", "captum"),
            "mlp_60000": ("by hand", "trak, gradients", "opacus", "backpack", "captum"),
        },
    ),
    "networks": Selection(
        "The papers' networks, and really taken steps",
        ("mnist_cnn", "cifar_cnn", "relative"),
        (*_FAST, "plain loop", "captum", "backpack"),
        limit=90,
    ),
}
