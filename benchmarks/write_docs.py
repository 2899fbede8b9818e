"""Put stored results into the docs: ``python benchmarks/write_docs.py RESULTS.json ...``."""

import sys
from pathlib import Path

from results import Results, load_results
from selections import SELECTIONS
from tables import markdown_table, target_table
from targets import check_targets

__all__ = ["write_docs", "write_section"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def write_section(page: Path, name: str, text: str) -> None:
    """Replace a marked part of a page.

    Args:
        page: A Markdown file.
        name: The part, between ``<!-- NAME: begin ... -->`` and ``<!-- NAME: end -->``.
        text: What is to stand there.

    Raises:
        ValueError: If the page has no such part.
    """
    before, begin, rest = page.read_text().partition(f"<!-- {name}: begin")
    mark, _, rest = rest.partition("-->")
    _, end, after = rest.partition(f"<!-- {name}: end -->")
    if not begin or not end:
        message = f"{page.name} has no part marked {name!r}; add its begin and end comments"
        raise ValueError(message)
    page.write_text(f"{before}{begin}{mark}-->\n\n{text}\n\n{end}{after}")


def _section(results: Results, stored: str) -> str:
    machine = ", ".join(f"{name}: {value}" for name, value in results.machine.items())
    parts = [
        f"### {SELECTIONS[results.selection].title}",
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
    parts.append(target_table(check_targets(results)))
    parts += [markdown_table(workload, results) for workload in results.workloads]
    return "\n\n".join(parts)


def write_docs(path: Path) -> None:
    """Replace the results of a selection on the page by those of a file."""
    results = load_results(path)
    write_section(PAGE, f"results of {results.selection}", _section(results, path.name))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_docs(Path(name))
