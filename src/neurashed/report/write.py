"""From results to one HTML file."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import xarray as xr
from plotly.offline import get_plotlyjs

from neurashed.errors import InputError
from neurashed.plots import describe_values
from neurashed.report.encoding import encode_text
from neurashed.report.examples import choose_shown, encode_examples
from neurashed.report.page_text import describe_shown, describe_size
from neurashed.report.provenance import describe_provenance, find_cautions
from neurashed.report.summary import (
    STATISTICS,
    describe_charts,
    summarize_distributions,
    summarize_strengths,
)
from neurashed.report.tables import build_class_tables
from neurashed.report.verdict import judge
from neurashed.results import RunFolder

__all__ = ["write_report", "write_run_report"]

_THIS_NETWORK = "this network"
# Later files use what earlier ones define; together they are one script.
_SCRIPTS = (
    "decoding.js", "examples.js", "theme.js", "summaries.js", "heat_map.js", "explorer.js",
    "finding.js", "view.js", "main.js",
)  # fmt: skip


def write_report(
    result: xr.DataArray,
    path: str | Path,
    *,
    comparisons: Mapping[str, xr.DataArray] | None = None,
    title: str | None = None,
) -> Path:
    """Write a result as one HTML file that opens from disk and asks no network for anything.

    Args:
        result: Values ``(source, probe)``, as `neurashed.measure_elasticity` gives them.
        path: The file to write; its folder is made if missing, an older file is replaced.
        comparisons: Results to hold the first against, by the names the page gives them, such as
            ``"linear network, trained"``.
        title: Heading of the page; says what was measured if not given.

    Returns:
        The path of the file.

    Raises:
        InputError: If a result has further dimensions, or the path is a folder.
    """
    path = Path(path)
    if path.is_dir():
        message = f"{path} is a folder; give the path of a file, such as {path / 'report.html'}"
        raise InputError(message)
    results = {_THIS_NETWORK: result, **(comparisons or {})}
    for name, one in results.items():
        _check_dimensions(name, one)
    results = {name: one.compute() for name, one in results.items()}
    html = _load_template().render(_describe_page(results, title))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
    return path


def write_run_report(run_folder: str | Path, path: str | Path | None = None) -> Path:
    """Write the report of a run: its main result, held against the run's other results.

    Args:
        run_folder: The folder of a finished run.
        path: The file to write; ``report.html`` in the run folder if not given.

    Returns:
        The path of the file.
    """
    run = RunFolder.open(run_folder)
    others = [name for name in run.finished if name != run.main_name]
    comparisons = {name.replace("_", " "): run.result(name) for name in others}
    path = run.path / "report.html" if path is None else path
    return write_report(run.main, path, comparisons=comparisons)


def _check_dimensions(name: str, result: xr.DataArray) -> None:
    if result.dims == ("source", "probe"):
        return
    message = (
        f"the result of {name} has dimensions {dict(result.sizes)}; the report takes source and "
        "probe: choose or sum over the others, as in result.isel(layer=0) or result.sum('layer')"
    )
    raise InputError(message)


def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neurashed.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The first order and statistic of a result are its defaults.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment.get_template("template.html.j2")


def _describe_page(results: Mapping[str, xr.DataArray], title: str | None) -> dict[str, Any]:
    result = results[_THIS_NETWORK]
    shown = choose_shown(result)
    rows = summarize_strengths(results)
    distributions = summarize_distributions(results)
    # Only results of one measure can be held against each other.
    comparable = {
        row.name: row.by_statistic["median"]
        for row in rows
        if row.measure == describe_values(result)
    }
    strength = comparable.pop(_THIS_NETWORK, None)
    return {
        "title": title or describe_size(result),
        "size": describe_size(result),
        "verdict": judge(strength, comparable),
        "strengths": rows,
        "statistics": STATISTICS,
        "distributions": distributions,
        "tables": build_class_tables(result),
        "data": describe_charts(rows, distributions) | {"examples": encode_examples(shown)},
        "shown": describe_shown(result, shown),
        "cautions": find_cautions(result),
        "provenance": describe_provenance(result),
        "style": _read("report.css"),
        "script": "\n".join(_read(name) for name in _SCRIPTS),
        "plotly": encode_text(get_plotlyjs()),
    }


def _read(name: str) -> str:
    return (files("neurashed.report") / "page" / name).read_text(encoding="utf-8")
