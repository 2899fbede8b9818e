"""Time one contender on one workload, in a process of its own.

``python benchmarks/worker.py MODULE FUNCTION WORKLOAD FOLDER OUT [--quick]``, run by ``run.py``
with the contender's own Python; what came of it is written to OUT as JSON.
"""

import argparse
import importlib
import json
import warnings
from dataclasses import asdict
from pathlib import Path

from machine import limit_memory, prepare_process, resident_bytes

prepare_process()

import numpy as np  # noqa: E402
from problem import Run, UnsupportedError, load_problem  # noqa: E402
from results import LARGEST_ERROR  # noqa: E402
from sampling import relative_error  # noqa: E402
from timing import time_call  # noqa: E402
from workloads import WORKLOADS, Workload  # noqa: E402


def measure(
    module: str, function: str, workload: Workload, folder: Path, *, is_quick: bool
) -> dict:
    """Import, prepare, time, compare."""
    contender = importlib.import_module(f"contenders.{module}")
    imported = resident_bytes()
    if workload.memory_limit is not None:
        limit_memory(workload.memory_limit)
    problem = load_problem(workload, folder)
    try:
        run: Run = getattr(contender, function)(problem)
        timing, result = time_call(run, is_quick=is_quick)
    except UnsupportedError as reason:
        return {"problem": str(reason)}
    reference = np.load(folder / "reference.npy")
    measured = asdict(timing) | {
        "above_imports": timing.peak - imported,
        "relative_error": relative_error(result, workload, reference),
    }
    if module == "ours" and measured["relative_error"] > LARGEST_ERROR:
        # Not at the top: environments of peers may be without torch.
        units, _ = importlib.import_module("gates").find_switched(run, problem)
        switched = {unit.example for unit in units}
        left = relative_error(result, workload, reference, without=switched)
        measured |= {"num_switched": len(switched), "error_without_switched": left}
    return measured


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("module", "function", "workload", "folder", "out"):
        parser.add_argument(name)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    workload = WORKLOADS[arguments.workload]
    workload = workload.quick() if arguments.quick else workload
    measured = measure(
        arguments.module,
        arguments.function,
        workload,
        Path(arguments.folder),
        is_quick=arguments.quick,
    )
    Path(arguments.out).write_text(json.dumps(measured))


if __name__ == "__main__":
    main()
