"""NNGeometry: its Gram matrix, from products of layer inputs and of gradients."""

import torch
from nngeometry.gram import GramMatrix
from nngeometry.layercollection import LayerCollection
from nngeometry.object import FMatDense
from problem import Problem, Run
from torch import Tensor
from torch.utils.data import DataLoader
from torch_problem import torch_problem


def _prepare(problem: Problem, batch_size: int) -> Run:
    problem.refuse_relative()
    torch_side = torch_problem(problem)
    loader = DataLoader(torch_side.dataset, batch_size=batch_size)
    layers = LayerCollection.from_model(torch_side.model)
    to_scalars = torch_side.batch_scalar()

    def function(inputs: Tensor, targets: Tensor) -> Tensor:
        outputs = torch_side.model(inputs)
        if problem.workload.quantity == "loss_gradients":
            return to_scalars(outputs, targets).unsqueeze(1)
        return outputs

    def run() -> Tensor:
        gram = GramMatrix(
            layer_collection=layers,
            model=torch_side.model,
            loader=loader,
            function=function,
            representation=FMatDense,
        )
        blocks = gram.to_torch().detach()
        if problem.workload.quantity == "full_kernel":
            return blocks.permute(1, 0, 3, 2)
        return torch.einsum("cscp->sp", blocks)

    return run


def prepare(problem: Problem) -> Run:
    """All examples in one batch, its fastest way."""
    return _prepare(problem, problem.workload.num_examples)


def prepare_batches(problem: Problem) -> Run:
    """Batches of 128, as a user short of memory would call it."""
    return _prepare(problem, 128)


def prepare_large_batches(problem: Problem) -> Run:
    """Batches of 2,000: products that fit the cache, and few passes repeated."""
    return _prepare(problem, 2000)
