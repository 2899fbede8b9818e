"""How fast this machine is: the rate of its matrix products and of its memory."""

import time
from dataclasses import dataclass
from functools import cache

import torch

from neurashed.engine.operands import make_operand

__all__ = ["MachineRate", "measure_rate"]


@dataclass(frozen=True)
class MachineRate:
    """Rates measured on a device.

    Attributes:
        operations: Floating-point operations a second in matrix products.
        bytes: Bytes a second, read and written.
        products: The same as operations, in products of gradients: more where these are split.
    """

    operations: float
    bytes: float
    products: float


@cache
def measure_rate(
    device: torch.device, dtype: torch.dtype, *, is_split: bool = False
) -> MachineRate:
    """Measure the rates of a device, in a few hundredths of a second.

    Args:
        device: The device.
        dtype: The type of the numbers.
        is_split: Whether products of gradients are sums of products of bfloat16 parts.

    Returns:
        The rates, measured once in a process.
    """
    side = 1024
    left = torch.ones(side, side, device=device, dtype=dtype)
    out = torch.empty_like(left)
    product = _shortest(lambda: torch.mm(left, left, out=out), device)
    long = torch.ones(2**22, device=device, dtype=dtype)
    into = torch.empty_like(long)
    copy = _shortest(lambda: into.copy_(long), device)
    multiplied = product
    if is_split:
        operand = make_operand(left, is_split=True)
        multiplied = _shortest(lambda: operand.times(operand), device)
    operations = 2.0 * side**3
    moved = 2.0 * long.numel() * long.element_size()
    return MachineRate(operations / product, moved / copy, operations / multiplied)


def _shortest(run: object, device: torch.device) -> float:
    shortest = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        run()  # pyright: ignore[reportCallIssue]
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        shortest = min(shortest, time.perf_counter() - start)
    return max(shortest, 1e-6)
