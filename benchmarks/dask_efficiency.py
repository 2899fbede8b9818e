"""Two Dask workers of one thread each against two threads in one process, on the same job.

``python benchmarks/dask_efficiency.py --data DIR [--num 8000] [--repeats 3]``: the tangent kernel
of the benchmarks' MLP on MNIST, tile by tile to disk. Workers are started and warm before the clock
is.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import distributed
import numpy as np
import torch
from torch_networks import build_network, draw_weights

from neurashed import Examples, Task, stream_elasticity
from neurashed.data import Subset, load_mnist
from neurashed.elasticity import Tiling

NUM = 2


def make_task() -> Task:
    """The MLP with the weights of the benchmarks."""
    model = build_network("mlp", 1)
    weights = {name: torch.from_numpy(values) for name, values in draw_weights(model).items()}
    model.load_state_dict(weights)
    return Task(model.eval(), loss="mse", readout="output")


def measure(task: Task, examples: Examples, side: int, client: distributed.Client | None) -> float:
    """Return the seconds of one streamed kernel."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        stream_elasticity(
            task, examples, store=Path(folder) / "kernel.zarr", tiling=Tiling(side=side),
            executor=client, memory="2GB",
        )  # fmt: skip
        return time.perf_counter() - start


def set_one_thread() -> None:
    """Each worker computes on one core."""
    torch.set_num_threads(1)


def main() -> None:
    """Take turns, and print the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of MNIST")
    parser.add_argument("--num", type=int, default=8000)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(NUM)
    subset = Subset(first=arguments.num)
    examples = load_mnist(arguments.data, subset=subset, layout="flat", scale="standard")
    task, few = make_task(), examples.select(np.arange(256))
    with (
        distributed.LocalCluster(
            n_workers=NUM, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as local,
        distributed.Client(local) as client,
    ):
        client.run(set_one_thread)
        found: dict[str, list[float]] = {"threads": [], "workers": []}
        executors = {"threads": None, "workers": client}
        for executor in executors.values():
            measure(task, few, 64, executor)
        for _ in range(arguments.repeats):
            for name, executor in executors.items():
                found[name].append(measure(task, examples, arguments.side, executor))
                print(f"{name}: {found[name][-1]:.2f} s", flush=True)
    threads, workers = (statistics.median(found[name]) for name in found)
    print(f"efficiency of {NUM} workers against {NUM} threads: {threads / workers:.2f}")


if __name__ == "__main__":
    main()
