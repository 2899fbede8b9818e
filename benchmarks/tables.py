"""Results as tables, for the terminal and for Markdown."""

from registry import OURS
from results import FLAGGED_ERROR, OUT_OF_MEMORY, Outcome, Results, WorkloadResults
from rich.box import SIMPLE_HEAD
from rich.table import Table
from targets import Target

__all__ = ["markdown", "markdown_table", "show_seconds", "target_table", "terminal_table"]

COLUMNS = (
    "contender",
    "time",
    "vs ours",
    "peak memory",
    "above imports",
    "share of rate",
    "error",
    "remark",
)
NUM_NUMBERS = len(COLUMNS) - 2
NOISY_CORES = 0.15


def show_seconds(seconds: float) -> str:
    """Three digits, in seconds or milliseconds."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def _share(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else f"{share:.0e}"


def _remark(outcome: Outcome) -> str:
    remarks = []
    if outcome.relative_error > FLAGGED_ERROR:
        remarks.append("WRONG: projects or leaves parameters out")
    if outcome.num_timed == 1:
        remarks.append("one call")
    if outcome.busy_others > NOISY_CORES:
        remarks.append(f"noisy: others used {outcome.busy_others:.1f} cores")
    return "; ".join(remarks)


def _row(outcome: Outcome, workload: WorkloadResults, rate: float) -> list[str]:
    ours = workload.of(OURS)
    factor = "-"
    if ours is not None and not ours.problem:
        factor = f"{outcome.seconds / ours.seconds:.3g}"
    return [
        outcome.contender,
        show_seconds(outcome.seconds),
        factor,
        f"{outcome.peak / 1e9:.2f} GB",
        f"{outcome.above_imports / 1e9:.2f} GB",
        _share(workload.num_operations / outcome.seconds / rate),
        f"{outcome.relative_error:.0e}",
        _remark(outcome),
    ]


def _caption(workload: WorkloadResults) -> str:
    giga = workload.num_operations / 1e9
    limit = "" if workload.memory_limit is None else f", in {workload.memory_limit / 1e9:g} GB"
    return f"{workload.title}, n={workload.num_examples:,}{limit} ({giga:,.4g}·10⁹ operations)"


def _left_out(workload: WorkloadResults) -> list[str]:
    """A sentence for each reason why contenders have no time."""
    by_reason: dict[str, list[str]] = {}
    for outcome in workload.outcomes:
        if outcome.problem:
            is_needed = outcome.least_bytes and OUT_OF_MEMORY in outcome.problem
            needs = f" (needs {outcome.least_bytes / 1e9:,.4g} GB)" if is_needed else ""
            by_reason.setdefault(outcome.problem, []).append(outcome.contender + needs)
    return [f"No time ({reason}): {', '.join(names)}." for reason, names in by_reason.items()]


def _rows(workload: WorkloadResults, rate: float) -> list[list[str]]:
    return [_row(outcome, workload, rate) for outcome in workload.outcomes if not outcome.problem]


def terminal_table(workload: WorkloadResults, rate: float) -> Table:
    """The outcomes of a workload for the terminal."""
    table = Table(
        title=_caption(workload),
        caption="\n".join(_left_out(workload)) or None,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    for place, column in enumerate(COLUMNS):
        is_number = 0 < place <= NUM_NUMBERS
        is_remark = place > NUM_NUMBERS
        table.add_column(column, justify="right" if is_number else "left", no_wrap=not is_remark)
    for row in _rows(workload, rate):
        table.add_row(*row)
    return table


def markdown(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def markdown_table(workload: WorkloadResults, results: Results) -> str:
    """The outcomes of a workload for the docs."""
    table = markdown(COLUMNS, _rows(workload, results.rate))
    return "\n\n".join([f"#### {_caption(workload)}", table, *_left_out(workload)])


def target_table(targets: list[Target]) -> str:
    """The targets for the docs."""
    rows = [[t.demand, t.found, "yes" if t.is_reached else "**no**"] for t in targets]
    return markdown(("asked", "found", "reached"), rows)
