"""Draw the numbers of a workload, count its operations and compute some pairs in float64.

``python benchmarks/reference.py WORKLOAD FOLDER [--quick]`` writes ``problem.npz``,
``reference.npy`` and ``counts.json`` into the folder.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from machine import prepare_process

prepare_process()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from contenders.loop import relative_elasticity  # noqa: E402
from operations import count_operations  # noqa: E402
from problem import Problem, draw_examples, save_problem  # noqa: E402
from sampling import sample_runs  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.func import functional_call, grad, vmap  # noqa: E402
from torch_networks import build_network, draw_weights  # noqa: E402
from torch_problem import TorchProblem, Weights, torch_problem  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

CHUNK = 10


def _gradients(torch_side: TorchProblem, output: int | None) -> list[Tensor]:
    """Gradients of each example through one output (None: through the loss), by weight."""

    def scalar(weights: Weights, one_input: Tensor, one_target: Tensor) -> Tensor:
        if output is None:
            return torch_side.scalar(weights, one_input, one_target)
        return functional_call(torch_side.model, weights, (one_input.unsqueeze(0),))[0, output]

    gradient = vmap(grad(scalar), (None, 0, 0), chunk_size=CHUNK)
    by_weight = gradient(torch_side.parameters, torch_side.inputs, torch_side.targets)
    return [rows.flatten(1) for rows in by_weight.values()]


def compute_reference(torch_side: TorchProblem) -> Tensor:
    """The matrix, by per-example gradients or by the plain loop."""
    workload = torch_side.workload
    if workload.quantity == "relative":
        return relative_elasticity(torch_side)
    outputs = range(workload.num_outputs) if "kernel" in workload.quantity else [None]
    if workload.quantity == "full_kernel":
        of_outputs = [torch.cat(_gradients(torch_side, output), dim=1) for output in outputs]
        rows = torch.stack(of_outputs, dim=1).flatten(0, 1)  # outputs of an example are neighbours
        return rows @ rows.T
    num_examples = len(torch_side.inputs)
    total = torch.zeros(num_examples, num_examples, dtype=torch.float64)
    for output in outputs:
        for rows in _gradients(torch_side, output):
            total += rows @ rows.T
    return total


def sample(torch_side: TorchProblem) -> TorchProblem:
    """The same problem with the examples whose pairs are compared."""
    places = np.r_[tuple(sample_runs(torch_side.workload))]
    return replace(torch_side, inputs=torch_side.inputs[places], targets=torch_side.targets[places])


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
    matrix = compute_reference(sample(torch_problem(problem, torch.float64)))
    np.save(arguments.folder / "reference.npy", matrix.numpy())


if __name__ == "__main__":
    main()
