"""Who takes part: each contender's file, the environment it lives in, and what to know of it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from environments import interpreter_of

__all__ = ["CONTENDERS", "OURS", "Contender"]


@dataclass(frozen=True)
class Contender:
    """One way to compute the matrices.

    Attributes:
        name: Shown in tables.
        module: Its file in ``contenders/``.
        function: The function in it that prepares a run.
        peer: Its environment under ``.venv-peers/``; None for the one that runs the benchmarks.
        workloads: Names of the workloads it is timed on; empty for all.
    """

    name: str
    module: str
    function: str = "prepare"
    peer: str | None = None
    workloads: tuple[str, ...] = ()

    @property
    def interpreter(self) -> Path:
        """The Python that runs it."""
        return Path(sys.executable) if self.peer is None else interpreter_of(self.peer)


OURS = "neurashed"


def _peer(name: str, function: str = "prepare", variant: str = "", *workloads: str) -> Contender:
    shown = name.replace("_", "-") + (f", {variant}" if variant else "")
    return Contender(shown, name, function, name, workloads)


CONTENDERS = (
    Contender(OURS, "ours"),
    Contender("plain loop", "loop"),
    Contender("torch.func, in chunks", "torch_func"),
    Contender("torch.func, all at once", "torch_func", "prepare_whole"),
    _peer("nngeometry"),
    _peer("nngeometry", "prepare_batches", "batches of 128"),
    _peer("captum"),
    _peer("dattri", "prepare", "projection taken out"),
    _peer("dattri", "prepare_default", "as it comes", "mlp"),
    _peer("trak", "prepare", "gradients only"),
    _peer("trak", "prepare_projected", "as it comes", "mlp"),
    _peer("opacus"),
    _peer("backpack"),
    _peer("kronfluence"),
    _peer("curvlinops"),
    _peer("pydvl"),
    _peer("neural_tangents", "prepare", "structured derivatives"),
    _peer("neural_tangents", "prepare_contraction", "Jacobian contraction"),
    _peer("neural_tangents", "prepare_products", "NTK-vector products", "mlp", "mlp10"),
)
