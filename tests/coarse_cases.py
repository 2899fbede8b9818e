"""A small coarse task whose hidden classes are known, and a network that can learn it."""

import torch
from torch import nn

from neurashed.data import CoarseTask, Examples, coarse_task
from neurashed.models import MLP
from neurashed.subclasses import CoarseTraining

# Blobs in the plane: two primary ones on either side of the auxiliary ones.
CENTERS = {"left": (-3.0, 0.0), "right": (3.0, 0.0), "middle": (0.0, 0.5), "below": (0.0, -0.5)}
QUICK = CoarseTraining(loss="mse", num_epochs=30, batch_size=10)


def blobs(per_class: int = 8, *, seed: int = 0) -> CoarseTask:
    generator = torch.Generator().manual_seed(seed)
    names = [name for name in CENTERS for _ in range(per_class)]
    centers = torch.tensor([CENTERS[name] for name in names], dtype=torch.float64)
    noise = torch.randn(len(names), 2, generator=generator, dtype=torch.float64)
    examples = Examples(
        centers + 0.3 * noise, ids=[f"{name} {at}" for at, name in enumerate(names)], labels=names
    )
    return coarse_task(examples, primary=["left", "right"], auxiliary=["middle", "below"])


def build(generator: torch.Generator) -> nn.Module:
    return MLP(2, [32], generator=generator).double()
