"""Put stored results into the docs: ``python benchmarks/write_docs.py RESULTS.json``."""

import sys
from pathlib import Path

from results import Results, load_results
from tables import markdown_table, target_table
from targets import check_targets

__all__ = ["write_docs"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = (
    "<!-- results: begin (written by benchmarks/write_docs.py) -->",
    "<!-- results: end -->",
)


def _section(results: Results, stored: str) -> str:
    machine = ", ".join(f"{name}: {value}" for name, value in results.machine.items())
    parts = [
        f"Run of {results.created} at commit {results.commit} by `{results.command}`; all numbers "
        f"are in `benchmarks/results/{stored}`.",
        f"Machine: {machine}.",
        f"Float32 matrix-product rate: {results.rate / 1e9:.0f}·10⁹ operations per second "
        f"({results.rate_note}).",
    ]
    if results.peers:
        parts.append(f"Peers: {', '.join(results.peers)}.")
    if results.missing:
        parts.append(f"Not installed, so not timed: {', '.join(results.missing)}.")
    parts += ["### What was asked", target_table(check_targets(results))]
    parts += [markdown_table(workload, results) for workload in results.workloads]
    return "\n\n".join(parts)


def write_docs(path: Path) -> None:
    """Replace the results of the page by those of a file."""
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    section = _section(load_results(path), path.name)
    PAGE.write_text(f"{before}{BEGIN}\n\n{section}\n\n{END}{after}")


if __name__ == "__main__":
    write_docs(Path(sys.argv[1]))
