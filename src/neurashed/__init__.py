"""Neurashed shows which examples a neural network learns together.

Names load on first use, so that ``neurashed --help`` answers without importing torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurashed.clustering import cluster_by_elasticity
    from neurashed.data import Examples
    from neurashed.elasticity import measure_elasticity, stream_elasticity, tangent_kernel
    from neurashed.report import write_report
    from neurashed.results import open_result
    from neurashed.task import SGD, Task
    from neurashed.training import train

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Examples",
    "Task",
    "cluster_by_elasticity",
    "measure_elasticity",
    "open_result",
    "stream_elasticity",
    "tangent_kernel",
    "train",
    "write_report",
]

_ROOMS = {
    "SGD": "neurashed.task",
    "Examples": "neurashed.data",
    "Task": "neurashed.task",
    "cluster_by_elasticity": "neurashed.clustering",
    "measure_elasticity": "neurashed.elasticity",
    "open_result": "neurashed.results",
    "stream_elasticity": "neurashed.elasticity",
    "tangent_kernel": "neurashed.elasticity",
    "train": "neurashed.training",
    "write_report": "neurashed.report",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Load a public name from its room on first use."""
    if name not in _ROOMS:
        message = f"module 'neurashed' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted([*__all__, "__version__"])
