"""What is timed: networks, in words that torch and JAX builders both read, and workloads."""

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["INPUT_SHAPES", "NETWORKS", "WORKLOADS", "Layer", "Workload"]

Quantity = Literal["tangent_kernel", "full_kernel", "loss_gradients", "relative"]
Layer = tuple[str, *tuple[int, ...]]

# ("linear", width), ("conv", channels, kernel, padding), ("relu",), ("pool",), ("flatten",); a last
# linear layer to the outputs is added. Names of weights are places in this list, as in Sequential.
NETWORKS: dict[str, tuple[Layer, ...]] = {
    "mlp": (("linear", 512), ("relu",), ("linear", 512), ("relu",)),
    "mnist_cnn": (
        *(("conv", 20, 5, 0), ("relu",), ("pool",)),
        *(("conv", 50, 5, 0), ("relu",), ("pool",)),
        *(("flatten",), ("linear", 500), ("relu",)),
    ),
    "cifar_cnn": (
        *(("conv", 32, 3, 1), ("relu",), ("pool",)),
        *(("conv", 64, 3, 1), ("relu",), ("pool",)),
        *(("conv", 128, 3, 1), ("relu",), ("pool",)),
        ("flatten",),
    ),
    "two_layer": (("linear", 40_960), ("relu",)),
}

INPUT_SHAPES: dict[str, tuple[int, ...]] = {
    "mlp": (784,),
    "mnist_cnn": (1, 28, 28),
    "cifar_cnn": (3, 32, 32),
    "two_layer": (784,),
    "resnet8": (3, 32, 32),
    "resnet18": (3, 32, 32),
}


@dataclass(frozen=True)
class Workload:
    """One matrix to be computed, of a set of examples with itself.

    Attributes:
        name: Short name, for the command line.
        title: What it is, for people.
        network: One of `INPUT_SHAPES`.
        num_examples: Sources, which are the probes too.
        quantity: ``"tangent_kernel"`` (trace over outputs), ``"full_kernel"`` (every pair of
            outputs), ``"loss_gradients"`` (inner products of gradients of the cross-entropy) or
            ``"relative"`` (elasticity of a really taken step).
        num_outputs: Outputs of the network.
        lr: Learning rate of the step, for ``"relative"``.
        num_quick: Examples in a smoke test.
        num_checked: Examples whose pairs are compared with float64.
        memory_limit: Bytes of data that a contender may hold; None for what the machine has.
    """

    name: str
    title: str
    network: str
    num_examples: int
    quantity: Quantity = "tangent_kernel"
    num_outputs: int = 1
    lr: float = 1e-6
    num_quick: int = 24
    num_checked: int = 200
    memory_limit: int | None = None

    @property
    def num_scalars(self) -> int:
        """Gradients of one example."""
        return self.num_outputs if "kernel" in self.quantity else 1

    def quick(self) -> "Workload":
        """The same on a few examples."""
        return replace(self, num_examples=self.num_quick)


# What a machine of 16 GB leaves to one process.
SMALL_MACHINE = 14 * 10**9

_MLP = "784-512-512"
_CNN = "CNN (3x32x32, 32-64-128)"

_ALL = (
    Workload("mlp_512", f"Tangent kernel, {_MLP}-1", "mlp", 512),
    Workload("mlp", f"Tangent kernel, {_MLP}-1", "mlp", 1000),
    Workload("cifar_cnn_256", f"Tangent kernel, {_CNN}", "cifar_cnn", 256),
    Workload(
        "mlp10",
        f"Tangent kernel summed over 10 outputs, {_MLP}-10",
        "mlp",
        256,
        num_outputs=10,
    ),
    Workload(
        "mlp10_full",
        f"Full tangent kernel, 10 x 10 outputs, {_MLP}-10",
        "mlp",
        256,
        "full_kernel",
        num_outputs=10,
        num_checked=24,
    ),
    Workload(
        "mlp10_loss",
        f"Inner products of loss gradients, {_MLP}-10",
        "mlp",
        512,
        "loss_gradients",
        num_outputs=10,
    ),
    Workload(
        "cifar_cnn10_loss",
        f"Inner products of loss gradients, {_CNN}, 10 classes",
        "cifar_cnn",
        256,
        "loss_gradients",
        num_outputs=10,
    ),
    Workload(
        "resnet8", "Tangent kernel, ResNet-8 with eval BatchNorm", "resnet8", 128, num_quick=8
    ),
    Workload(
        "mnist_cnn", "Tangent kernel, the papers' CNN (1x28x28, 20-50-500)", "mnist_cnn", 1000
    ),
    Workload("cifar_cnn", f"Tangent kernel, {_CNN}", "cifar_cnn", 1000),
    Workload(
        "relative",
        "Exact relative elasticity, 784-40,960-1",
        "two_layer",
        200,
        "relative",
        num_quick=8,
    ),
    Workload(
        "resnet18",
        "Tangent kernel, ResNet-18 (CIFAR) with eval BatchNorm",
        "resnet18",
        1000,
        num_quick=8,
        num_checked=16,
        memory_limit=SMALL_MACHINE,
    ),
    Workload("mlp_16000", f"Tangent kernel, {_MLP}-1", "mlp", 16_000, memory_limit=SMALL_MACHINE),
    Workload("mlp_60000", f"Tangent kernel, {_MLP}-1", "mlp", 60_000, memory_limit=SMALL_MACHINE),
)

WORKLOADS = {workload.name: workload for workload in _ALL}
