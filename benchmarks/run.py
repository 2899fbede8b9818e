"""Time Neurashed against the plain loop, ``torch.func`` and its peers: ``make bench``.

Each measurement runs in a process of its own, one at a time, on two cores. Peers are those that
``make bench-peers`` has installed.
"""

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from environments import PEERS_FOLDER, read_peers
from machine import describe_machine
from processes import Bench
from registry import CONTENDERS, Contender
from results import Results, WorkloadResults, save_results
from rich.console import Console
from tables import show_seconds, terminal_table
from targets import check_targets
from workloads import WORKLOADS, Workload
from write_docs import write_docs

HERE = Path(__file__).resolve().parent
CONSOLE = Console(width=max(Console().width, 150))


def run_workload(bench: Bench, workload: Workload, contenders: list[Contender]) -> WorkloadResults:
    """Draw the numbers, then time every contender on them."""
    CONSOLE.print(f"{workload.title}, n={workload.num_examples}: reference in float64 ...")
    num_operations = bench.compute_reference(workload)
    outcomes = []
    for contender in contenders:
        if contender.workloads and workload.name not in contender.workloads:
            continue
        outcome = bench.measure(contender, workload)
        CONSOLE.print(f"  {contender.name}: {outcome.problem or show_seconds(outcome.seconds)}")
        outcomes.append(outcome)
    return WorkloadResults(
        workload.name, workload.title, workload.num_examples, num_operations, tuple(outcomes)
    )


def choose_contenders(wanted: list[str]) -> tuple[list[Contender], tuple[str, ...]]:
    """The contenders whose environments exist, and the peers whose do not."""
    chosen = [c for c in CONTENDERS if not wanted or c.name.startswith(tuple(wanted))]
    missing = dict.fromkeys(c.module for c in chosen if not c.interpreter.exists())
    return [c for c in chosen if c.interpreter.exists()], tuple(missing)


def current_commit() -> str:
    """The commit that is timed, short."""
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def run_all(arguments: argparse.Namespace, bench: Bench) -> Results:
    """Every workload, with the matrix-product rate measured before and after."""
    contenders, missing = choose_contenders(arguments.contender)
    if missing:
        where = f"{PEERS_FOLDER.name}/; make bench-peers installs them"
        CONSOLE.print(f"not in {where}: {', '.join(missing)}")
    timed = {contender.peer for contender in contenders}
    rate, note = bench.measure_rate()
    found = []
    for name in arguments.workload or WORKLOADS:
        workload = WORKLOADS[name].quick() if bench.is_quick else WORKLOADS[name]
        found.append(run_workload(bench, workload, contenders))
        CONSOLE.print(terminal_table(found[-1], rate))
    later_rate, _ = bench.measure_rate()
    return Results(
        created=arguments.created,
        command=arguments.command,
        commit=current_commit(),
        machine=describe_machine(),
        rate=max(rate, later_rate),
        rate_note=f"{note}; the better of before and after",
        peers=tuple(peer.requirements[0] for peer in read_peers() if peer.name in timed),
        missing=missing,
        workloads=tuple(found),
    )


def parse_arguments() -> argparse.Namespace:
    """The command line, with when and how it was given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few examples; nothing is stored")
    parser.add_argument("--workload", nargs="+", default=[], choices=WORKLOADS)
    parser.add_argument("--contender", nargs="+", default=[], help="beginnings of their names")
    parser.add_argument("--timeout", type=float, default=240, help="seconds for one measurement")
    arguments = parser.parse_args()
    arguments.created = datetime.now(UTC).isoformat(timespec="minutes")
    arguments.command = " ".join(["python", "benchmarks/run.py", *sys.argv[1:]])
    return arguments


def store(results: Results, *, is_partial: bool) -> None:
    """Keep the numbers; a whole run goes into the docs as well."""
    name = results.created[:10] + ("-partial" if is_partial else "") + ".json"
    path = HERE / "results" / name
    save_results(results, path)
    if not is_partial:
        write_docs(path)
    CONSOLE.print(f"stored in benchmarks/results/{name}")


def main() -> None:
    """Run, print, store."""
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.timeout, arguments.quick)
        results = run_all(arguments, bench)
    CONSOLE.print(f"matrix-product rate: {results.rate / 1e9:.0f}·10⁹ operations per second")
    for target in check_targets(results):
        mark = "reached" if target.is_reached else "NOT REACHED"
        CONSOLE.print(f"{mark}: {target.demand}: {target.found}")
    if not arguments.quick:
        store(results, is_partial=bool(arguments.workload or arguments.contender))


if __name__ == "__main__":
    main()
