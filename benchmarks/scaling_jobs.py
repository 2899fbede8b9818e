"""Which matrices are streamed to disk, and what is known of one that was."""

from dataclasses import dataclass, replace
from typing import Literal

from workloads import WORKLOADS, Workload

__all__ = ["JOBS", "Streaming", "StreamingJob"]


@dataclass(frozen=True)
class StreamingJob:
    """The tangent kernel of a set of images with itself.

    Attributes:
        name: For the command line.
        title: Of its network.
        data: Whose images.
        workload: The network, how many examples, and how many of them are checked.
        matmul_precision: Of the products of gradients.
    """

    name: str
    title: str
    data: Literal["mnist", "cifar10"]
    workload: Workload
    matmul_precision: str = "highest"

    def quick(self) -> "StreamingJob":
        """The same on a few examples."""
        return replace(self, workload=self.workload.quick())


def _job(name: str, title: str, data: Literal["mnist", "cifar10"], num: int) -> StreamingJob:
    network = name.split("-", maxsplit=1)[0]
    workload = {"mlp": "mlp", "cnn": "cifar_cnn", "resnet18": "resnet18"}[network]
    is_high = name.endswith("-high")
    return StreamingJob(
        name,
        title + ("; matmul_precision=high" if is_high else ""),
        data,
        replace(WORKLOADS[workload], num_examples=num),
        "high" if is_high else "highest",
    )


_ALL = (
    _job("mlp-1k", "784-512-512-1", "mnist", 1000),
    _job("mlp-4k", "784-512-512-1", "mnist", 4000),
    _job("mlp-16k", "784-512-512-1", "mnist", 16_000),
    _job("mlp-60k", "784-512-512-1", "mnist", 60_000),
    _job("mlp-16k-high", "784-512-512-1", "mnist", 16_000),
    _job("mlp-60k-high", "784-512-512-1", "mnist", 60_000),
    _job("cnn-2k", "CNN, 32-64-128 channels", "cifar10", 2000),
    _job("cnn-10k", "CNN, 32-64-128 channels", "cifar10", 10_000),
    _job("cnn-10k-high", "CNN, 32-64-128 channels", "cifar10", 10_000),
    _job("resnet18-1k", "ResNet-18, eval BatchNorm", "cifar10", 1000),
    _job("resnet18-1k-high", "ResNet-18, eval BatchNorm", "cifar10", 1000),
)

JOBS = {job.name: job for job in _ALL}


@dataclass(frozen=True)
class Streaming:
    """What one job took.

    Attributes:
        name: The job.
        title: Of its network.
        num_examples: Sources, which are the probes too.
        num_tiles: Tiles.
        side: Examples along a side of a tile.
        operations: Floating-point operations that the matrix needs.
        planned_operations: Those that the plan counts.
        planned_seconds: What the plan says they take, with the numbers that are moved.
        passes: Seconds of forward and backward passes.
        products: Seconds of products.
        writing: Seconds of packing and writing, on another thread than the rest.
        wall: Seconds of the whole call.
        rate: Matrix-product rate of the device, operations per second, in the same process.
        peak: Peak resident bytes of the process.
        above_imports: The peak less what was resident once data, model and libraries were there.
        device_peak: Peak bytes of the device's own memory; 0 on a CPU.
        on_disk: Bytes of the store.
        dtype: How numbers are kept.
        memory: The budget.
        relative_error: Against float64 on some pairs, as read from the store.
        is_noise: Whether random numbers stood in for the images.
    """

    name: str
    title: str
    num_examples: int
    num_tiles: int
    side: int
    operations: float
    planned_operations: float
    planned_seconds: float
    passes: float
    products: float
    writing: float
    wall: float
    rate: float
    peak: int
    above_imports: int
    device_peak: int
    on_disk: int
    dtype: str
    memory: str
    relative_error: float
    is_noise: bool

    @property
    def computing(self) -> float:
        """Seconds of computing."""
        return self.passes + self.products

    @property
    def share(self) -> float:
        """Share of the matrix-product rate that the computing reached."""
        return self.operations / self.computing / self.rate

    @property
    def predicted(self) -> float:
        """Seconds that the planned operations would take at the whole rate."""
        return self.planned_operations / self.rate
