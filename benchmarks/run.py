"""Time Neurashed against the plain loop, ``torch.func`` and its peers: ``make bench``.

Each measurement runs in a process of its own, one at a time, on two cores; what was found is
stored after each, so that a run that was stopped goes on with ``--resume``. Peers are those that
``make bench-peers`` has installed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from environments import PEERS_FOLDER, read_peers
from machine import describe_machine
from processes import Bench
from registry import CONTENDERS, Contender, least_bytes
from results import Outcome, Results, WorkloadResults, load_results, save_results
from rich.console import Console
from selections import SELECTIONS
from tables import show_seconds, terminal_table
from targets import check_targets
from workloads import WORKLOADS, Workload
from write_docs import write_docs

HERE = Path(__file__).resolve().parent
CONSOLE = Console(width=max(Console().width, 150))


def choose_contenders(arguments: argparse.Namespace, workload: str) -> list[Contender]:
    """Who is timed on a workload, of those whose environments exist."""
    selection = SELECTIONS[arguments.selection]
    return [
        contender
        for contender in CONTENDERS
        if (not contender.workloads or workload in contender.workloads)
        and (not arguments.contender or contender.name.startswith(tuple(arguments.contender)))
        and (arguments.contender or selection.takes(contender.name, workload))
    ]


def find_missing(arguments: argparse.Namespace, names: list[str]) -> tuple[str, ...]:
    """Peers that take part but are not installed."""
    chosen = [contender for name in names for contender in choose_contenders(arguments, name)]
    return tuple(dict.fromkeys(c.module for c in chosen if not c.interpreter.exists()))


def current_commit() -> str:
    """The commit that is timed, short."""
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def begin(arguments: argparse.Namespace, names: list[str]) -> Results:
    """Results without numbers, or those of the run that goes on."""
    if arguments.resume is not None:
        return load_results(arguments.resume)
    chosen = [contender for name in names for contender in choose_contenders(arguments, name)]
    timed = {contender.peer for contender in chosen if contender.interpreter.exists()}
    return Results(
        created=arguments.created,
        command=arguments.command,
        commit=current_commit(),
        machine=describe_machine(),
        rate=0.0,
        rate_note="",
        peers=tuple(peer.requirements[0] for peer in read_peers() if peer.name in timed),
        missing=find_missing(arguments, names),
        selection="" if arguments.is_partial else arguments.selection,
    )


def with_rate(results: Results, bench: Bench) -> Results:
    """The results with the matrix-product rate of now, if it is the better one."""
    rate, note = bench.measure_rate()
    if rate <= results.rate:
        return results
    return replace(results, rate=rate, rate_note=f"{note}; the best of before and after")


def measure(
    bench: Bench, contender: Contender, workload: Workload, *, limit: float, num_parameters: int
) -> Outcome:
    """Time one contender, and say what it needs where memory is limited."""
    outcome = bench.measure(contender, workload, limit)
    CONSOLE.print(f"  {contender.name}: {outcome.problem or show_seconds(outcome.seconds)}")
    if workload.memory_limit is None:
        return outcome
    return replace(outcome, least_bytes=least_bytes(contender, workload, num_parameters))


def run_workload(
    bench: Bench, arguments: argparse.Namespace, name: str, results: Results
) -> Results:
    """Draw the numbers, then time every contender on them that was not timed yet."""
    workload = WORKLOADS[name].quick() if bench.is_quick else WORKLOADS[name]
    known = results.of(name)
    found = known or WorkloadResults(
        name, workload.title, workload.num_examples, 0, (), workload.memory_limit
    )
    waiting = [
        contender
        for contender in choose_contenders(arguments, name)
        if contender.interpreter.exists() and found.of(contender.name) is None
    ]
    if not waiting:
        return results
    CONSOLE.print(f"{workload.title}, n={workload.num_examples}: some pairs in float64 ...")
    num_operations, num_parameters = bench.compute_reference(workload)
    found = replace(found, num_operations=num_operations)
    limit = arguments.limit or SELECTIONS[arguments.selection].limit_of(name)
    for contender in waiting:
        outcome = measure(bench, contender, workload, limit=limit, num_parameters=num_parameters)
        found = replace(found, outcomes=(*found.outcomes, outcome))
        results = results.having(found)
        store(results, arguments)
    return results


def run_all(arguments: argparse.Namespace, bench: Bench) -> Results:
    """Every workload, with the matrix-product rate measured before and after."""
    names = arguments.only or list(SELECTIONS[arguments.selection].workloads)
    missing = find_missing(arguments, names)
    if missing:
        where = f"{PEERS_FOLDER.name}/; make bench-peers installs them"
        CONSOLE.print(f"not in {where}: {', '.join(missing)}")
    results = with_rate(begin(arguments, names), bench)
    for name in names:
        results = run_workload(bench, arguments, name, results)
        found = results.of(name)
        if found is not None:
            CONSOLE.print(terminal_table(found, results.rate))
    results = with_rate(results, bench)
    store(results, arguments)
    return results


def store(results: Results, arguments: argparse.Namespace) -> None:
    """Keep the numbers, unless this is a smoke test."""
    if not arguments.quick:
        save_results(results, arguments.out)


def parse_arguments() -> argparse.Namespace:
    """The command line, with when and how it was given and where numbers go."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few examples; nothing is stored")
    parser.add_argument("--selection", default="rows", choices=SELECTIONS)
    parser.add_argument("--only", nargs="+", default=[], choices=WORKLOADS, metavar="WORKLOAD")
    parser.add_argument("--contender", nargs="+", default=[], help="beginnings of their names")
    parser.add_argument("--limit", type=float, help="seconds for one contender on one workload")
    parser.add_argument("--resume", type=Path, help="results of a run to go on with")
    arguments = parser.parse_args()
    arguments.created = datetime.now(UTC).isoformat(timespec="minutes")
    arguments.command = " ".join(["python", "benchmarks/run.py", *sys.argv[1:]])
    arguments.is_partial = bool(arguments.only or arguments.contender)
    name = "partial" if arguments.is_partial else arguments.selection
    arguments.out = arguments.resume or HERE / f"results/{arguments.created[:10]}-{name}.json"
    return arguments


def main() -> None:
    """Run, print, store."""
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        # What contenders that are stopped leave behind goes with the folder.
        os.environ["TMPDIR"] = folder
        results = run_all(arguments, Bench(Path(folder), arguments.quick))
    CONSOLE.print(f"matrix-product rate: {results.rate / 1e9:.0f}·10⁹ operations per second")
    for target in check_targets(results):
        mark = "reached" if target.is_reached else "NOT REACHED"
        CONSOLE.print(f"{mark}: {target.demand}: {target.found}")
    if not arguments.quick:
        if results.selection:
            write_docs(arguments.out)
        CONSOLE.print(f"stored in benchmarks/results/{arguments.out.name}")


if __name__ == "__main__":
    main()
