"""Stream larger and larger matrices to disk: time as n², memory flat.

``python benchmarks/scaling.py --mnist DIR --cifar10 DIR``. Each job runs in a process of its own,
on a GPU if there is one, and what it took is stored at once: a run that was stopped goes on with
``--resume``. Without a folder of images, noise of the same shape stands in.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine import describe_machine
from processes import run_script
from rich.console import Console
from scaling_jobs import JOBS, Streaming
from tables import markdown, show_seconds
from write_docs import PAGE, write_section

HERE = Path(__file__).resolve().parent
CONSOLE = Console(width=max(Console().width, 150))
COLUMNS = (
    "network",
    "n",
    "computing",
    "passes",
    "products",
    "packing and writing",
    "whole call",
    "operations",
    "share of rate",
    "peak memory",
    "on disk",
    "error",
)

PREDICTIONS = (
    *("network", "n", "planned operations", "rate", "operations over rate", "measured", "ratio"),
    *("by the plan", "ratio"),
)

Record = dict[str, Any]


def find_device() -> tuple[str, str]:
    """The device to use, and its name."""
    script = (
        "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    found = done.stdout.strip()
    return ("cuda", found) if found else ("cpu", describe_machine()["processor"])


def begin(arguments: argparse.Namespace) -> Record:
    """A record without jobs, or that of the run that goes on."""
    if arguments.resume is not None:
        return json.loads(arguments.resume.read_text())
    device, name = (arguments.device, arguments.device) if arguments.device else find_device()
    return {
        "created": arguments.created,
        "command": arguments.command,
        "machine": describe_machine(),
        "device": device,
        "device_name": name,
        "jobs": [],
    }


def run_job(name: str, record: Record, arguments: argparse.Namespace) -> Streaming | str:
    """Run one job; return what it took, or why it failed."""
    with tempfile.TemporaryDirectory(dir=arguments.store) as folder:
        out = Path(folder) / "streaming.json"
        command = [sys.executable, str(HERE / "scaling_worker.py"), name, str(out)]
        command += ["--device", record["device"], "--memory", arguments.memory]
        command += ["--dtype", arguments.dtype]
        command += ["--store", folder]
        for option in ("mnist", "cifar10"):
            if getattr(arguments, option) is not None:
                command += [f"--{option}", str(getattr(arguments, option))]
        command += ["--quick"] if arguments.quick else []
        problem = run_script(command, arguments.limit)
        return problem or Streaming(**json.loads(out.read_text()))


def _row(job: Streaming) -> list[str]:
    peak = f"{job.peak / 1e9:.2f} GB"
    if job.device_peak:
        peak += f", device {job.device_peak / 1e9:.2f} GB"
    return [
        job.title,
        f"{job.num_examples:,}",
        show_seconds(job.computing),
        show_seconds(job.passes),
        show_seconds(job.products),
        show_seconds(job.writing),
        show_seconds(job.wall),
        f"{job.operations:.3g}",
        f"{job.share:.0%}",
        peak,
        f"{job.on_disk / 1e9:.3g} GB",
        f"{job.relative_error:.0e}",
    ]


def describe(record: Record) -> str:
    """The record as a part of the docs."""
    jobs = [Streaming(**job) for job in record["jobs"]]
    machine = ", ".join(f"{name}: {value}" for name, value in record["machine"].items())
    noise = [job.name for job in jobs if job.is_noise]
    predictions = [
        [
            job.title,
            f"{job.num_examples:,}",
            f"{job.planned_operations:.3g}",
            f"{job.rate / 1e9:,.0f}·10⁹",
            show_seconds(job.predicted),
            show_seconds(job.computing),
            f"{job.predicted / job.computing:.2f}",
            show_seconds(job.planned_seconds),
            f"{job.planned_seconds / job.computing:.2f}",
        ]
        for job in jobs
    ]
    parts = [
        f"Run of {record['created']} by `{record['command']}` on {record['device_name']}. "
        f"Machine: {machine}.",
        *([f"Noise in place of images: {', '.join(noise)}."] if noise else []),
        markdown(COLUMNS, [_row(job) for job in jobs]),
        "Planned operations over the matrix-product rate, measured in the same process, beside "
        "the seconds of computing; and what the plan says, which counts the numbers that are moved "
        "as well and measures both rates in a few hundredths of a second:",
        markdown(
            PREDICTIONS,
            predictions,
        ),
    ]
    return "\n\n".join(parts)


def store(record: Record, arguments: argparse.Namespace) -> None:
    """Keep what was found, and put it into the docs, unless this is a smoke test."""
    if arguments.quick:
        return
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")
    if record["jobs"] and not arguments.only:
        place = "scaling" if record["device"] == "cpu" else "scaling on a GPU"
        write_section(PAGE, place, describe(record))


def parse_arguments() -> argparse.Namespace:
    """The command line, with when and how it was given and where numbers go."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path, help="a folder with MNIST's idx files")
    parser.add_argument("--cifar10", type=Path, help="a folder with CIFAR-10's binary files")
    parser.add_argument("--only", nargs="+", default=[], choices=JOBS, metavar="JOB")
    parser.add_argument("--dtype", default="float32", help="how numbers are kept")
    parser.add_argument("--memory", default="2GB", help="budget beside model and data")
    parser.add_argument("--device", help="'cpu' or 'cuda'; what there is by default")
    parser.add_argument("--store", type=Path, help="a folder on the disk to write to")
    parser.add_argument("--limit", type=float, default=3600, help="seconds for one job")
    parser.add_argument("--resume", type=Path, help="results of a run to go on with")
    parser.add_argument("--quick", action="store_true", help="a few examples; nothing is stored")
    arguments = parser.parse_args()
    arguments.created = datetime.now(UTC).isoformat(timespec="minutes")
    arguments.command = " ".join(["python", "benchmarks/scaling.py", *sys.argv[1:]])
    name = f"{arguments.created[:10]}-scaling{'-partial' if arguments.only else ''}.json"
    arguments.out = arguments.resume or HERE / "results" / name
    return arguments


def main() -> None:
    """Run what is missing, one job after the other."""
    arguments = parse_arguments()
    record = begin(arguments)
    known = {job["name"] for job in record["jobs"]}
    for name in arguments.only or JOBS:
        if name in known:
            continue
        found = run_job(name, record, arguments)
        if isinstance(found, str):
            CONSOLE.print(f"{name}: {found}")
            continue
        record["jobs"].append(asdict(found))
        store(record, arguments)
        CONSOLE.print(", ".join(f"{c}: {v}" for c, v in zip(COLUMNS, _row(found), strict=True)))


if __name__ == "__main__":
    main()
