"""This machine's float32 matrix-product rate: ``matrix_rate.py OUT [--quick]``."""

import argparse
import json
from pathlib import Path

from machine import NUM_THREADS, prepare_process

prepare_process()

import torch  # noqa: E402
from rates import best_rate  # noqa: E402


def main() -> None:
    """Write the best rate with the size that reached it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(NUM_THREADS)
    best, size = best_rate("cpu", is_quick=arguments.quick)
    found = {"operations_per_second": best, "size": size, "torch": torch.__version__}
    arguments.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
