"""Stream one matrix to disk in a process of its own, and say what it took.

``python benchmarks/scaling_worker.py JOB OUT [--mnist DIR] [--cifar10 DIR] ...``, run by
``scaling.py``.
"""

import argparse
import json
import shutil
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from exact_pairs import compute_pairs, take_sample
from machine import NUM_THREADS, peak_bytes, resident_bytes
from operations import count_operations
from problem import draw_examples
from rates import best_rate
from sampling import relative_error
from scaling_jobs import JOBS, Streaming, StreamingJob
from torch import nn
from torch_networks import build_network, draw_weights
from torch_problem import TorchProblem

from neurashed import Examples, Task, stream_elasticity
from neurashed.data import Subset, load_cifar10, load_mnist
from neurashed.elasticity import MeasurementOptions, Streamed, Tiling
from neurashed.results.tiled import Storage

NUM_WARMING = 64
# A job is repeated until it has taken so many seconds.
WANTED_SECONDS, MOST_RUNS = 4.0, 5


def load_images(job: StreamingJob, folder: Path | None) -> Examples:
    """The first images of the set; noise of the same shape without a folder."""
    workload = job.workload
    if folder is None:
        inputs, targets = draw_examples(workload)
        return Examples(inputs=torch.from_numpy(inputs), targets=torch.from_numpy(targets))
    subset = Subset(first=workload.num_examples)
    if job.data == "mnist":
        return load_mnist(folder, subset=subset, layout="flat", scale="standard")
    return load_cifar10(folder, subset=subset, scale="standard")


def build_model(job: StreamingJob) -> nn.Module:
    """The network with the weights of the benchmarks."""
    model = build_network(job.workload.network, job.workload.num_outputs)
    weights = {name: torch.from_numpy(values) for name, values in draw_weights(model).items()}
    model.load_state_dict(weights)
    return model.eval()


def stream(
    task: Task,
    examples: Examples,
    store: Path,
    arguments: argparse.Namespace,
    options: MeasurementOptions,
) -> tuple[Streamed, float]:
    """Stream the kernel; return it with the seconds of the call."""
    tiling = Tiling(storage=Storage(dtype=arguments.dtype))
    start = time.perf_counter()
    streamed = stream_elasticity(
        task,
        examples,
        store=store,
        measure="tangent_kernel",
        tiling=tiling,
        memory=arguments.memory,
        device=arguments.device,
        options=options,
    )
    return streamed, time.perf_counter() - start


def stream_again(
    task: Task,
    examples: Examples,
    folder: Path,
    arguments: argparse.Namespace,
    options: MeasurementOptions,
) -> tuple[Streamed, float]:
    """Stream the kernel several times if that is quick; return the run of median computing."""
    runs: list[tuple[Streamed, float]] = []
    while len(runs) < MOST_RUNS and sum(wall for _, wall in runs) < WANTED_SECONDS:
        store = folder / f"kernel-{len(runs)}.zarr"
        runs.append(stream(task, examples, store, arguments, options))
    runs.sort(key=lambda run: run[0].seconds["passes"] + run[0].seconds["products"])
    return runs[(len(runs) - 1) // 2]


def check(job: StreamingJob, examples: Examples, model: nn.Module, streamed: Streamed) -> float:
    """Error against float64 on some pairs, read from the store."""
    inputs = torch.as_tensor(examples.inputs).double()
    problem = TorchProblem(job.workload, model.cpu().double(), inputs, examples.targets)
    reference = compute_pairs(take_sample(problem)).numpy()
    return relative_error(streamed.result, job.workload, reference)


def measure(job: StreamingJob, folder: Path, arguments: argparse.Namespace) -> Streaming:
    """Warm up, stream, compare."""
    examples = load_images(job, getattr(arguments, job.data))
    model = build_model(job)
    task = Task(model, loss="mse", readout="output")
    few = examples.select(np.arange(min(NUM_WARMING, len(examples))))
    options = MeasurementOptions(matmul_precision=job.matmul_precision)
    stream(task, few, folder / "warming.zarr", arguments, options)
    before, _ = best_rate(arguments.device, is_quick=arguments.quick)
    held = resident_bytes()
    streamed, wall = stream_again(task, examples, folder, arguments, options)
    peak, device_peak = peak_bytes(), 0
    if arguments.device == "cuda":
        device_peak = torch.cuda.max_memory_allocated()
    after, _ = best_rate(arguments.device, is_quick=arguments.quick)
    side = streamed.result.encoding["preferred_chunks"]["source"]
    on_disk = sum(path.stat().st_size for path in streamed.path.rglob("*") if path.is_file())
    seconds = streamed.seconds
    return Streaming(
        name=job.name,
        title=job.title,
        num_examples=len(examples),
        num_tiles=streamed.num_tiles,
        side=side,
        operations=float(count_operations(job.workload, build_model(job))),
        planned_operations=float(streamed.operations),
        planned_seconds=float(streamed.result.attrs["provenance"]["method"]["seconds"]),
        passes=seconds["passes"],
        products=seconds["products"],
        writing=seconds["writing"],
        wall=wall,
        rate=max(before, after),
        peak=peak,
        above_imports=peak - held,
        device_peak=device_peak,
        on_disk=on_disk,
        dtype=arguments.dtype,
        memory=arguments.memory,
        relative_error=check(job, examples, model, streamed),
        is_noise=getattr(arguments, job.data) is None,
    )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--cifar10", type=Path)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--store", type=Path, help="a folder on the disk to write to")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        torch.set_num_threads(NUM_THREADS)
    job = JOBS[arguments.job].quick() if arguments.quick else JOBS[arguments.job]
    folder = Path(tempfile.mkdtemp(dir=arguments.store))
    try:
        found = measure(job, folder, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    arguments.out.write_text(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
