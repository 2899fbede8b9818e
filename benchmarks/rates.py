"""The float32 matrix-product rate of a device."""

import time

import torch

__all__ = ["best_rate"]

SIZES = (1024, 2048, 4096)
SIZES_OF_A_GPU = (4096, 8192, 16_384)
NUM_REPEATS = 7


def rate(size: int, device: str) -> float:
    """Operations per second of a square product, from the fastest of several."""
    left, right = (torch.rand(size, size, device=device) for _ in range(2))
    out = left @ right
    times = []
    for _ in range(NUM_REPEATS):
        _finish(device)
        start = time.perf_counter()
        torch.mm(left, right, out=out)
        _finish(device)
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times)


def _finish(device: str) -> None:
    """Wait for what the device was given to do."""
    if device == "cuda":
        torch.cuda.synchronize()


def best_rate(device: str, *, is_quick: bool = False) -> tuple[float, int]:
    """The best rate and the size that reached it, without lower precision on a GPU."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    sizes = SIZES_OF_A_GPU if device == "cuda" else SIZES
    found = max((rate(size, device), size) for size in (sizes[:1] if is_quick else sizes))
    torch.set_float32_matmul_precision(precision)
    return found
