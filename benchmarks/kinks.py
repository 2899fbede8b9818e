"""Find the units that rounding switches, and what they do to the error of a workload.

``python benchmarks/kinks.py resnet8`` computes the matrix of a workload by Neurashed, and prints
each unit that is on in one of float32 and float64 and off in the other, see ``gates.py``; then the
error, as it is, without the examples that have such a unit, and once more with all units on or off
as in float64.
"""

import argparse

from machine import prepare_process

prepare_process()

import torch  # noqa: E402
from contenders.ours import prepare  # noqa: E402
from exact_pairs import compute_pairs, take_sample  # noqa: E402
from gates import Gates, find_switched  # noqa: E402
from problem import Problem, draw_examples  # noqa: E402
from sampling import relative_error  # noqa: E402
from torch_networks import build_network, draw_weights  # noqa: E402
from torch_problem import torch_problem  # noqa: E402
from workloads import WORKLOADS  # noqa: E402


def main() -> None:
    """Print the units and the three errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", choices=WORKLOADS)
    workload = WORKLOADS[parser.parse_args().workload]
    weights = draw_weights(build_network(workload.network, workload.num_outputs))
    problem = Problem(workload, *draw_examples(workload), weights)
    exact = take_sample(torch_problem(problem, torch.float64))
    reference = compute_pairs(exact).numpy()
    run = prepare(problem)
    units, given = find_switched(run, problem)
    for unit in units:
        print(unit)
    matrix, switched = run(), {unit.example for unit in units}
    print(f"error: {relative_error(matrix, workload, reference):.1e}")
    left = relative_error(matrix, workload, reference, without=switched)
    print(f"error without {len(switched)} of {len(given)} examples: {left:.1e}")
    with Gates(exact.inputs, given):
        print(
            f"error with units on as in float64: {relative_error(run(), workload, reference):.1e}"
        )


if __name__ == "__main__":
    main()
