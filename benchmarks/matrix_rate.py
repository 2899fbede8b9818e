"""This machine's float32 matrix-product rate: ``matrix_rate.py OUT [--quick]``."""

import argparse
import json
import time
from pathlib import Path

from machine import NUM_THREADS, prepare_process

prepare_process()

import torch  # noqa: E402

SIZES = (1024, 2048, 4096)
NUM_REPEATS = 7


def rate(size: int) -> float:
    """Operations per second of a square product, from the fastest of several."""
    left, right = torch.rand(size, size), torch.rand(size, size)
    out = left @ right
    times = []
    for _ in range(NUM_REPEATS):
        start = time.perf_counter()
        torch.mm(left, right, out=out)
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times)


def main() -> None:
    """Write the best rate with the size that reached it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(NUM_THREADS)
    sizes = SIZES[:1] if arguments.quick else SIZES
    best, size = max((rate(size), size) for size in sizes)
    found = {"operations_per_second": best, "size": size, "torch": torch.__version__}
    arguments.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
