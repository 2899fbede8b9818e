"""Draw the numbers of a workload, count its operations and compute it in float64.

``python benchmarks/reference.py WORKLOAD FOLDER [--quick]`` writes ``problem.npz``,
``reference.npy`` and ``operations.txt`` into the folder.
"""

import argparse
from pathlib import Path

from machine import prepare_process

prepare_process()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from contenders.loop import relative_elasticity  # noqa: E402
from operations import count_operations  # noqa: E402
from problem import Problem, draw_examples, save_problem  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.func import functional_call, grad, vmap  # noqa: E402
from torch_networks import build_network, draw_weights  # noqa: E402
from torch_problem import TorchProblem, torch_problem  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

CHUNK = 50


def _block(torch_side: TorchProblem, name: str, output: int | None) -> Tensor:
    """What one weight adds to the matrix through one output (None: through the loss)."""
    rest = torch_side.parameters

    def scalar(weight: Tensor, one_input: Tensor, one_target: Tensor) -> Tensor:
        weights = {**rest, name: weight}
        if output is None:
            return torch_side.scalar(weights, one_input, one_target)
        return functional_call(torch_side.model, weights, (one_input.unsqueeze(0),))[0, output]

    gradient = vmap(grad(scalar), (None, 0, 0), chunk_size=CHUNK)
    rows = gradient(rest[name], torch_side.inputs, torch_side.targets).flatten(1)
    return rows @ rows.T


def compute_reference(torch_side: TorchProblem) -> Tensor:
    """The matrix, by per-example gradients one weight at a time or by the plain loop."""
    workload = torch_side.workload
    if workload.quantity == "relative":
        return relative_elasticity(torch_side)
    has_outputs = workload.quantity == "tangent_kernel"
    outputs = range(workload.num_outputs) if has_outputs else [None]
    total = torch.zeros(workload.num_examples, workload.num_examples, dtype=torch.float64)
    for name in torch_side.parameters:
        for output in outputs:
            total += _block(torch_side, name, output)
    return total


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
    num_operations = count_operations(workload, model)
    (arguments.folder / "operations.txt").write_text(str(num_operations))
    matrix = compute_reference(torch_problem(problem, torch.float64))
    np.save(arguments.folder / "reference.npy", matrix.numpy())


if __name__ == "__main__":
    main()
