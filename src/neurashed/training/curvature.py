"""The largest eigenvalue of the Hessian of the loss."""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import eigh_tridiagonal
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from neurashed.data import Examples
from neurashed.task import Task
from neurashed.training.batches import Batch, in_chunks

__all__ = ["compute_lambda_max"]

Product = Callable[[Tensor], Tensor]


def compute_lambda_max(
    task: Task,
    examples: Examples,
    *,
    generator: torch.Generator,
    tolerance: float = 1e-2,
    max_products: int = 100,
) -> float:
    """Return the largest eigenvalue ``λ_max`` of the Hessian of the mean loss.

    The Hessian is over the parameters that the task's update touches, in the mode the model is in.
    It is met only through products with vectors: Lanczos iteration keeps three vectors of the size
    of the parameters. It stops when an eigenvalue is known to lie within ``tolerance`` (relative)
    of the returned one, or after ``max_products`` products; what is returned is never above
    ``λ_max``, but for rounding.

    Args:
        task: The network, its loss and the parameters that are updated.
        examples: Examples with targets; their number bounds no memory.
        generator: Draws the first vector.
        tolerance: Relative error allowed; the error is usually far smaller than this bound.
        max_products: Products of the Hessian with a vector allowed; each costs about two gradients.

    Returns:
        The eigenvalue, in units of loss per weight²; NaN if the loss overflows.

    Example:
        >>> from torch import nn
        >>> task = Task(nn.Linear(2, 1, bias=False), loss="mse")
        >>> examples = Examples(torch.eye(2) * torch.tensor([1.0, 3.0]), targets=torch.zeros(2))
        >>> round(compute_lambda_max(task, examples, generator=torch.Generator()), 3)
        9.0
    """
    parameters = list(task.select_parameters().chosen.values())

    def multiply(vector: Tensor) -> Tensor:
        sizes = [parameter.numel() for parameter in parameters]
        pieces = [
            piece.view_as(parameter)
            for piece, parameter in zip(vector.split(sizes), parameters, strict=True)
        ]
        total = torch.zeros_like(vector)
        for batch in in_chunks(examples, task.model):
            total += _hessian_product(task, batch, parameters, pieces)
        return total / len(examples)

    start = nn.utils.parameters_to_vector(parameters).detach()
    drawn = torch.randn(start.shape, dtype=start.dtype, generator=generator)
    return _largest_eigenvalue(multiply, drawn.to(start.device), tolerance, max_products)


def _hessian_product(
    task: Task, batch: Batch, parameters: list[nn.Parameter], vector: list[Tensor]
) -> Float[Tensor, " parameter"]:
    """Return the Hessian of the summed loss times a vector, by differentiating twice."""
    # The fused attention kernels have no second derivative.
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        loss = task.losses(task.predict(batch.inputs), batch.targets).sum()
        gradients = torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True)
        slope = sum((g * v).sum() for g, v in zip(gradients, vector, strict=True))
        if not (isinstance(slope, Tensor) and slope.requires_grad):
            products = tuple(torch.zeros_like(parameter) for parameter in parameters)
        else:
            products = torch.autograd.grad(slope, parameters, materialize_grads=True)
    return torch.cat([product.detach().flatten() for product in products])


def _largest_eigenvalue(
    multiply: Product, start: Float[Tensor, " parameter"], tolerance: float, max_products: int
) -> float:
    """Return it by Lanczos iteration; without reorthogonalization, which it does not need."""
    current, previous = start / start.norm(), torch.zeros_like(start)
    diagonal: list[float] = []
    beside: list[float] = []
    largest, beta = math.nan, 0.0
    for _ in range(min(max_products, len(start))):
        product = multiply(current) - beta * previous
        diagonal.append(float(product @ current))
        product -= diagonal[-1] * current
        beta = float(product.norm())
        if not (math.isfinite(diagonal[-1]) and math.isfinite(beta)):
            return math.nan
        largest, last_component = _largest_of_tridiagonal(diagonal, beside)
        # The residual of the Ritz vector: an eigenvalue lies within it.
        if beta * abs(last_component) <= tolerance * abs(largest):
            break
        beside.append(beta)
        previous, current = current, product / beta
    return largest


def _largest_of_tridiagonal(diagonal: list[float], beside: list[float]) -> tuple[float, float]:
    """Return the largest eigenvalue and the last component of its vector."""
    last = len(diagonal) - 1
    values, vectors = eigh_tridiagonal(
        np.array(diagonal), np.array(beside), select="i", select_range=(last, last)
    )
    return float(values[0]), float(vectors[-1, 0])
