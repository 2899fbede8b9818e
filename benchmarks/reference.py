"""Draw the numbers of a workload, count its operations and compute some pairs in float64.

``python benchmarks/reference.py WORKLOAD FOLDER [--quick]`` writes ``problem.npz``,
``reference.npy`` and ``counts.json`` into the folder.
"""

import argparse
import json
from pathlib import Path

from machine import prepare_process

prepare_process()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from exact_pairs import compute_pairs, take_sample  # noqa: E402
from operations import count_operations  # noqa: E402
from problem import Problem, draw_examples, save_problem  # noqa: E402
from torch_networks import build_network, draw_weights  # noqa: E402
from torch_problem import torch_problem  # noqa: E402
from workloads import WORKLOADS  # noqa: E402


def main() -> None:
    """Write the three files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    workload = WORKLOADS[arguments.workload]
    workload = workload.quick() if arguments.quick else workload
    model = build_network(workload.network, workload.num_outputs)
    problem = Problem(workload, *draw_examples(workload), draw_weights(model))
    save_problem(problem, arguments.folder)
    counts = {
        "operations": count_operations(workload, model),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    (arguments.folder / "counts.json").write_text(json.dumps(counts))
    matrix = compute_pairs(take_sample(torch_problem(problem, torch.float64)))
    np.save(arguments.folder / "reference.npy", matrix.numpy())


if __name__ == "__main__":
    main()
