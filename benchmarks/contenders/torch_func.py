"""Per-example gradients by ``torch.func``: the recipe of PyTorch's own tutorial on kernels."""

from dataclasses import replace

import torch
from problem import Problem, Run, UnsupportedError
from torch import Tensor
from torch.func import functional_call, grad, jacrev, vmap
from torch.nn.functional import mse_loss
from torch_problem import TorchProblem, Weights, torch_problem

CHUNK = 64
TWO_TILES_BYTES = 5 * 10**9


def gradients(torch_side: TorchProblem, inputs: Tensor, targets: Tensor) -> list[Tensor]:
    """Gradients by weight, each with a row for each example, or in full for each output of it."""
    workload, parameters = torch_side.workload, torch_side.parameters
    if workload.num_scalars > 1:

        def outputs(weights: Weights, one_input: Tensor) -> Tensor:
            return functional_call(torch_side.model, weights, (one_input.unsqueeze(0),)).squeeze(0)

        by_weight = vmap(jacrev(outputs), (None, 0))(parameters, inputs)
        if workload.quantity == "full_kernel":
            by_weight = {name: values.flatten(0, 1) for name, values in by_weight.items()}
    else:
        by_weight = vmap(grad(torch_side.scalar), (None, 0, 0))(parameters, inputs, targets)
    return [values.flatten(1) for values in by_weight.values()]


def _jacobians(torch_side: TorchProblem, chunk: int) -> list[Tensor]:
    chunks = [gradients(torch_side, *batch) for batch in torch_side.batches(chunk)]
    return [torch.cat(parts) for parts in zip(*chunks, strict=True)]


def _gram(torch_side: TorchProblem, chunk: int) -> Tensor:
    products = (j @ j.T for j in _jacobians(torch_side, chunk))
    total = sum(products, torch.zeros(()))
    if torch_side.workload.quantity == "full_kernel":
        return total.reshape((len(torch_side.inputs), torch_side.workload.num_outputs) * 2)
    return total


def _fill_jacobians(torch_side: TorchProblem, chunk: int) -> list[Tensor]:
    """The same with a chunk more in memory, not twice as much."""
    parameters = torch_side.parameters.values()
    rows = [torch.empty(len(torch_side.inputs), weight.numel()) for weight in parameters]
    start = 0
    for batch in torch_side.batches(chunk):
        stop = start + len(batch[0])
        for whole, part in zip(rows, gradients(torch_side, *batch), strict=True):
            whole[start:stop] = part
        start = stop
    return rows


def _tiled_gram(torch_side: TorchProblem, tile: int) -> Tensor:
    """The lower half tile by tile, the gradients of the probes anew for each."""
    num_examples = len(torch_side.inputs)
    result = torch.empty(num_examples, num_examples)
    parts = [slice(start, start + tile) for start in range(0, num_examples, tile)]
    sides = [
        replace(torch_side, inputs=torch_side.inputs[part], targets=torch_side.targets[part])
        for part in parts
    ]
    for row, sources in enumerate(parts):
        left = _fill_jacobians(sides[row], CHUNK)
        for column, probes in enumerate(parts[: row + 1]):
            right = left if column == row else _fill_jacobians(sides[column], CHUNK)
            products = (a @ b.T for a, b in zip(left, right, strict=True))
            block = sum(products, torch.zeros(()))
            result[sources, probes] = block
            result[probes, sources] = block.T
    return result


def _relative(torch_side: TorchProblem, chunk: int) -> Tensor:
    """Many sources at a time, each with its own copy of the weights after its step."""
    parameters = torch_side.parameters
    before = torch_side.model(torch_side.inputs).detach()

    def loss(weights: Weights, one_input: Tensor, one_target: Tensor) -> Tensor:
        output = functional_call(torch_side.model, weights, (one_input.unsqueeze(0),))
        return mse_loss(output, one_target.unsqueeze(0))

    def response(one_input: Tensor, one_target: Tensor) -> Tensor:
        gradient = grad(loss)(parameters, one_input, one_target)
        lr = torch_side.workload.lr
        moved = {name: weight - lr * gradient[name] for name, weight in parameters.items()}
        return (functional_call(torch_side.model, moved, (torch_side.inputs,)) - before).squeeze(1)

    responses = vmap(response, chunk_size=chunk)(torch_side.inputs, torch_side.step_targets).abs()
    return responses / responses.diagonal().unsqueeze(1)


def prepare(problem: Problem) -> Run:
    """64 examples at a time; 4 where each carries its own copy of 32 million weights."""
    torch_side = torch_problem(problem)
    if problem.workload.quantity == "relative":
        return lambda: _relative(torch_side, chunk=4)
    return lambda: _gram(torch_side, CHUNK)


def prepare_whole(problem: Problem) -> Run:
    """All examples at once.

    Returns:
        The call to be timed.

    Raises:
        UnsupportedError: For the response of a step: each source has its own copy of the weights.
    """
    if problem.workload.quantity == "relative":
        message = "would need a copy of the weights for every source at once"
        raise UnsupportedError(message)
    torch_side = torch_problem(problem)
    return lambda: _gram(torch_side, chunk=len(torch_side.inputs))


def prepare_tiles(problem: Problem) -> Run:
    """What to write where the gradients of all examples do not fit: two tiles of them, in 5 GB."""
    problem.require_scalar()
    torch_side = torch_problem(problem)
    bytes_each = 4 * sum(values.numel() for values in torch_side.parameters.values())
    tile = TWO_TILES_BYTES // (2 * bytes_each)
    return lambda: _tiled_gram(torch_side, tile)
