"""The page: what the template needs, and the script and style that travel inside it."""

from collections.abc import Mapping
from importlib.resources import files

import jinja2
import xarray as xr
from plotly.offline import get_plotlyjs

from neurashed.plots import describe_values
from neurashed.report.clusters import describe_clusters
from neurashed.report.encoding import encode_text
from neurashed.report.examples import choose_shown, encode_examples
from neurashed.report.look_alikes import describe_look_alikes
from neurashed.report.page_text import describe_shown, describe_size
from neurashed.report.provenance import describe_provenance, find_cautions
from neurashed.report.summary import (
    STATISTICS,
    StrengthRow,
    describe_charts,
    summarize_distributions,
    summarize_strengths,
)
from neurashed.report.tables import build_class_tables
from neurashed.report.verdict import Verdict, judge

__all__ = ["render_page"]

# Later files use what earlier ones define; together they are one script.
_SCRIPTS = (
    "dom.js",
    "decoding.js",
    "examples.js",
    "theme.js",
    "summaries.js",
    "heat_map.js",
    "explorer.js",
    "tip.js",
    "finding.js",
    "controls.js",
    "view.js",
    "main.js",
)


def render_page(
    results: Mapping[str, xr.DataArray],
    title: str | None,
    clustered: xr.DataArray | None = None,
) -> str:
    """Return the page as HTML.

    Args:
        results: Values ``(source, probe)`` by name: the result in question, then its comparisons.
        title: Heading of the page; says what was measured if None.
        clustered: A result whose sources carry clusters, if there is one.

    Returns:
        The whole file.
    """
    name, result = next(iter(results.items()))
    shown = choose_shown(result)
    strengths = summarize_strengths(results)
    distributions = summarize_distributions(results)
    charts = describe_charts(strengths, distributions)
    return _load_template().render(
        title=title or describe_size(result),
        size=describe_size(result),
        verdict=_judge(name, describe_values(result), strengths),
        strengths=strengths,
        statistics=STATISTICS,
        distributions=distributions,
        tables=build_class_tables(result),
        clusters=None if clustered is None else describe_clusters(clustered, result),
        look_alikes=describe_look_alikes(result) if clustered is None else None,
        data={**charts, "examples": encode_examples(shown)},
        shown=describe_shown(result, shown),
        cautions=find_cautions(result),
        provenance=describe_provenance(result),
        style=_read("report.css"),
        script="\n".join(_read(script) for script in _SCRIPTS),
        plotly=encode_text(get_plotlyjs()),
    )


def _judge(name: str, measure: str, rows: list[StrengthRow]) -> Verdict:
    # Only results of one measure can be held against each other.
    comparable = {row.name: row.by_statistic["median"] for row in rows if row.measure == measure}
    strength = comparable.pop(name, None)
    return judge(strength, comparable)


def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neurashed.report", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The first order and statistic of a result are its defaults.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment.get_template("template.html.j2")


def _read(name: str) -> str:
    return (files("neurashed.report") / "assets" / name).read_text(encoding="utf-8")
