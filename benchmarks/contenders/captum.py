"""Captum: TracIn over one checkpoint, which is the inner products of loss gradients."""

import tempfile
from pathlib import Path

import torch
from captum.influence import TracInCP
from problem import Problem, Run
from torch import nn
from torch_problem import torch_problem


def _load_checkpoint(model: nn.Module, path: str) -> float:
    model.load_state_dict(torch.load(path, weights_only=True))
    return 1.0


def prepare(problem: Problem) -> Run:
    """Its fast way, documented for linear and 2-d convolution layers, in batches of 256."""
    problem.require_scalar()
    torch_side = torch_problem(problem)
    checkpoint = Path(tempfile.mkdtemp()) / "weights.pt"
    torch.save(torch_side.model.state_dict(), checkpoint)
    tracin = TracInCP(
        torch_side.model,
        torch_side.dataset,
        [str(checkpoint)],
        _load_checkpoint,
        loss_fn=torch_side.loss,
        batch_size=256,
        sample_wise_grads_per_batch=True,
    )
    return lambda: tracin.influence((torch_side.inputs, torch_side.targets)).T
