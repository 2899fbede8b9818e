"""Who takes part: each contender's file, the environment it lives in, and what to know of it."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from environments import interpreter_of
from workloads import Workload

__all__ = ["CONTENDERS", "OURS", "OURS_HIGH", "Contender", "least_bytes"]

# What a contender holds at the same time: the gradients of all examples and the matrix; or the
# matrix alone; or four of them (the sum, two products of a layer and their product).
Holds = Literal["gradients", "matrix", "four matrices", "tiles"]


@dataclass(frozen=True)
class Contender:
    """One way to compute the matrices.

    Attributes:
        name: Shown in tables.
        module: Its file in ``contenders/``.
        function: The function in it that prepares a run.
        peer: Its environment under ``.venv-peers/``; None for the one that runs the benchmarks.
        workloads: Names of the workloads it is timed on; empty for all.
        holds: What its algorithm keeps in memory at the least.
    """

    name: str
    module: str
    function: str = "prepare"
    peer: str | None = None
    workloads: tuple[str, ...] = ()
    holds: Holds = "gradients"

    @property
    def interpreter(self) -> Path:
        """The Python that runs it."""
        return Path(sys.executable) if self.peer is None else interpreter_of(self.peer)


def least_bytes(contender: Contender, workload: Workload, num_parameters: int) -> int:
    """Bytes that a contender's algorithm needs, counting only the largest things it holds."""
    matrix = 4 * workload.num_examples**2
    rows = 4 * workload.num_examples * workload.num_scalars * num_parameters
    held = {"tiles": 0, "matrix": matrix, "four matrices": 4 * matrix, "gradients": rows + matrix}
    return held[contender.holds]


OURS = "neurashed"
# Ours with another setting: its own line beside ours.
OURS_HIGH = "neurashed, matmul_precision=high"
_KERNELS = ("mlp", "cifar_cnn", "mnist_cnn", "mlp10_full", "resnet18", "mlp_16000")
_LARGE = ("resnet18", "mlp_16000", "mlp_60000")


def _peer(name: str, function: str = "prepare", variant: str = "", *workloads: str) -> Contender:
    shown = name.replace("_", "-") + (f", {variant}" if variant else "")
    return Contender(shown, name, function, name, workloads)


CONTENDERS = (
    Contender(OURS, "ours", holds="matrix"),
    Contender(OURS_HIGH, "ours", "prepare_high", None, _KERNELS, "matrix"),
    Contender("neurashed, streamed", "streamed", "prepare", None, _LARGE[1:], "tiles"),
    Contender("plain loop", "loop"),
    Contender("by hand, layer by layer", "by_hand", holds="four matrices"),
    Contender("torch.func, in chunks", "torch_func"),
    Contender("torch.func, all at once", "torch_func", "prepare_whole"),
    Contender("torch.func, in tiles", "torch_func", "prepare_tiles", None, _LARGE, "matrix"),
    replace(_peer("nngeometry"), holds="four matrices"),
    replace(_peer("nngeometry", "prepare_batches", "batches of 128"), holds="matrix"),
    replace(
        _peer("nngeometry", "prepare_large_batches", "batches of 2,000", *_LARGE[1:]),
        holds="matrix",
    ),
    _peer("captum"),
    _peer("dattri", "prepare", "projection taken out"),
    _peer("dattri", "prepare_default", "as it comes", "mlp"),
    _peer("trak", "prepare", "gradients only"),
    _peer("trak", "prepare_projected", "as it comes", "mlp"),
    _peer("opacus"),
    _peer("backpack"),
    replace(_peer("kronfluence"), holds="matrix"),
    replace(_peer("curvlinops"), holds="matrix"),
    _peer("pydvl"),
    _peer("neural_tangents", "prepare", "structured derivatives"),
    _peer("neural_tangents", "prepare_contraction", "Jacobian contraction"),
    _peer("neural_tangents", "prepare_products", "NTK-vector products", "mlp", "mlp10"),
)
