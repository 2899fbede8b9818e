"""Time and memory of one source against 120 photographs in a VGG-19 of full size.

``python benchmarks/pretrained_vgg19.py`` prints a table for the docs; each row is measured in a
process of its own. The weights are random: trained ones cost the same.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

from machine import describe_machine, peak_bytes, prepare_process

prepare_process()

import torch  # noqa: E402

from neurashed.data import Examples  # noqa: E402
from neurashed.elasticity import MeasurementOptions, measure_elasticity  # noqa: E402
from neurashed.models import VGG19  # noqa: E402
from neurashed.task import SGD, Task  # noqa: E402

# What the step changes, and in words.
CASES = {"*": "all", "classifier.*": "the three linear layers", "classifier.6.*": "the last layer"}


def make_task(patterns: str, generator: torch.Generator) -> Task:
    """A VGG-19 whose layers keep the scale of their inputs, as those of a trained one."""
    model = VGG19(generator=generator).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.kaiming_normal_(parameter, generator=generator)
        else:
            torch.nn.init.zeros_(parameter)
    return Task(model, loss="cross_entropy", readout="logits", update=SGD(1e-3, patterns))


def measure(patterns: str, num_images: int, num_threads: int) -> dict[str, float]:
    """Take one step and watch all images."""
    torch.set_num_threads(num_threads)
    generator = torch.Generator().manual_seed(0)
    task = make_task(patterns, generator)
    images = torch.randn(num_images, 3, 224, 224, generator=generator)
    probes = Examples(images, torch.randint(1_000, (num_images,), generator=generator))
    held, used, start = peak_bytes(), resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    measure_elasticity(
        task,
        probes.select([0]),
        probes,
        measure="relative",
        step="exact",
        memory="1GB",
        device="cpu",
        options=MeasurementOptions(dtype="float64"),
    )
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    return {
        "parameters": sum(each.numel() for each in task.select_parameters().chosen.values()),
        "seconds": seconds,
        "core_seconds": after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime,
        "before_gb": held / 1e9,
        "peak_gb": peak_bytes() / 1e9,
    }


def main() -> None:
    """Print the table, or one row of it as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--num-images", type=int, default=120)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--case", choices=CASES)
    chosen = parser.parse_args()
    if chosen.case:
        print(json.dumps(measure(chosen.case, chosen.num_images, chosen.threads)))
        return
    machine = {**describe_machine(), "threads used": chosen.threads}
    print(", ".join(f"{name}: {value}" for name, value in machine.items()))
    print("| the step changes | parameters | time (s) | core seconds | peak memory (GB) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for case, words in CASES.items():
        row = json.loads(_run(case, chosen.num_images, chosen.threads))
        print(
            f"| {words}, `{case}` | {row['parameters']:,} | {row['seconds']:.0f} | "
            f"{row['core_seconds']:.0f} | {row['peak_gb']:.1f} |",
            flush=True,
        )


def _run(case: str, num_images: int, num_threads: int) -> str:
    command = [sys.executable, __file__, "--case", case]
    command += ["--num-images", str(num_images), "--threads", str(num_threads)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
