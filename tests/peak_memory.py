"""Run in a process of its own: how far the peak of a measurement lies above what was held before.

Read from ``/proc``: the peak that `resource` gives starts at what the parent process held.
"""

import re
import sys
from dataclasses import replace
from pathlib import Path

import torch
from engine_cases import RATE, kernel, plan_kernel, products, responses
from torch import nn

from neurashed.engine.batches import Batch
from neurashed.engine.first_order import Side
from neurashed.engine.sketch_planning import plan_sketch
from neurashed.engine.sketched_plan import plan_sketched
from neurashed.engine.subject import Subject, examine
from neurashed.task import SGD, Task

NETWORKS = {
    "mlp": (
        lambda: nn.Sequential(
            nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 1)
        ),
        (784,),
    ),
    "cnn": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 64, 1),
        ),
        (3, 16, 16),
    ),
    "sequence": (
        lambda: nn.Sequential(
            nn.Linear(256, 256), nn.Tanh(), nn.Flatten(), nn.Linear(8 * 256, 1)
        ),
        (8, 256),
    ),
}  # fmt: skip


def _held(field: str) -> int:
    """Bytes that this process holds (VmRSS) or has held at its peak (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(re.search(rf"{field}:\s+(\d+) kB", status)[1])


def _sketched_kernel(subject: Subject, sources: Batch, memory: int) -> torch.Tensor:
    side = Side(sources, subject.readouts)
    plan = plan_kernel(subject, len(side), None, cotangents=(1, 1), is_traced=True, memory=memory)
    sketch = plan_sketch(subject, (side, None), plan, dimension=2000)
    short = plan_sketched(subject, sketch, plan, RATE)
    return products(subject, replace(side, sketch=sketch), None, short)[""]


def main(what: str, network: str, num_sources: int, num_probes: int, memory: int) -> None:
    """Print by how many bytes the peak rises, and how many the result has."""
    torch.set_num_threads(1)
    make, shape = NETWORKS[network]
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(num_probes, *size, generator=generator) for size in (shape, (1,)))
    precision = "high" if what == "split kernel" else "highest"
    task = Task(make(), update=SGD(1e-3))
    subject = examine(task, (x, y), matmul_precision=precision)

    def compute(num_sources: int, num_probes: int) -> torch.Tensor:
        sources, probes = ((x[:some], y[:some]) for some in (num_sources, num_probes))
        if what.endswith("kernel"):
            return kernel(subject, sources, memory=memory)
        if what == "sketch":
            return _sketched_kernel(subject, sources, memory)
        return responses(subject, sources, probes, memory=memory)

    compute(3, 3)  # libraries are loaded and warm
    before = _held("VmRSS")
    result = compute(num_sources, num_probes)
    after = _held("VmHWM")
    sys.stdout.write(f"{after - before} {result.numel() * result.element_size()}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
