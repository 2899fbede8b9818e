"""One self-contained, interactive HTML file that shows what a network learns together.

The page answers three questions in order: is the network locally elastic, which classes move
together, which examples move together. This room lays out results and their summaries; it measures
nothing, and the page it writes asks no network for anything.
"""

from neurashed.report.write import write_report, write_run_report

__all__ = ["write_report", "write_run_report"]
