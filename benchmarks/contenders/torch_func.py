"""Per-example gradients by ``torch.func``: the recipe of PyTorch's own tutorial on kernels."""

import torch
from problem import Problem, Run, UnsupportedError
from torch import Tensor
from torch.func import functional_call, grad, jacrev, vmap
from torch.nn.functional import mse_loss
from torch_problem import TorchProblem, Weights, torch_problem


def gradients(torch_side: TorchProblem, inputs: Tensor, targets: Tensor) -> list[Tensor]:
    """Gradients by weight, each ``(example, output * weight)``."""
    workload, parameters = torch_side.workload, torch_side.parameters
    if workload.quantity == "tangent_kernel" and workload.num_outputs > 1:

        def outputs(weights: Weights, one_input: Tensor) -> Tensor:
            return functional_call(torch_side.model, weights, (one_input.unsqueeze(0),)).squeeze(0)

        by_weight = vmap(jacrev(outputs), (None, 0))(parameters, inputs)
    else:
        by_weight = vmap(grad(torch_side.scalar), (None, 0, 0))(parameters, inputs, targets)
    return [values.flatten(1) for values in by_weight.values()]


def _gram(torch_side: TorchProblem, chunk: int) -> Tensor:
    chunks = [gradients(torch_side, *batch) for batch in torch_side.batches(chunk)]
    jacobians = [torch.cat(parts) for parts in zip(*chunks, strict=True)]
    return sum((j @ j.T for j in jacobians), torch.zeros(()))


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
    return lambda: _gram(torch_side, chunk=64)


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
