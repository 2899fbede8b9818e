"""The page: what the template needs, and the script and style that travel inside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

import jinja2
import xarray as xr
from plotly.offline import get_plotlyjs

from neurashed.plots import describe_values
from neurashed.report.clusters import ClusterSection, describe_clusters
from neurashed.report.encoding import encode_text
from neurashed.report.examples import choose_shown, encode_examples
from neurashed.report.look_alikes import (
    LookAlikes,
    describe_look_alikes,
    describe_ranked_look_alikes,
)
from neurashed.report.page_text import describe_shown, describe_size, describe_weight
from neurashed.report.provenance import describe_provenance, find_cautions
from neurashed.report.ranked import Ranked
from neurashed.report.summary import (
    STATISTICS,
    StrengthRow,
    describe_charts,
    summarize_distributions,
    summarize_strengths,
)
from neurashed.report.tables import ClassTable, build_class_tables, lay_out_tables
from neurashed.report.verdict import NOT_KEPT, Verdict, describe_all_pairs, judge
from neurashed.results import Sample
from neurashed.typing import Statistic

__all__ = ["Material", "render_page"]

# Later files use what earlier ones define; together they are one script.
_SCRIPTS = (
    "dom.js",
    "decoding.js",
    "thumbnails.js",
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


@dataclass(frozen=True)
class Material:
    """What a page is made from.

    Attributes:
        result: Values ``(source, probe)``, the result in question; read no further than its sample.
        samples: What was read of it and of its comparisons, by the names the page gives them; its
            own sample is the first. Empty if its values were not kept.
        clustered: A result whose sources carry clusters, if there is one.
        ranked: The top probes of all sources, if they are at hand.
        class_tables: Class tables over all pairs, where the sample is not the whole result.
    """

    result: xr.DataArray
    samples: Mapping[str, Sample]
    clustered: xr.DataArray | None = None
    ranked: Ranked | None = None
    class_tables: Sequence[xr.Dataset] = ()

    @property
    def sample(self) -> Sample | None:
        """What was read of the result in question."""
        return next(iter(self.samples.values()), None)


def render_page(material: Material, title: str | None) -> str:
    """Return the page as HTML.

    Args:
        material: What the page is made from.
        title: Heading of the page; says what was measured if None.

    Returns:
        The whole file.
    """
    result, sample = material.result, material.sample
    shown = None if sample is None else choose_shown(sample)
    examples = encode_examples(result, shown, material.ranked)
    read = {name: one.result for name, one in material.samples.items()}
    strengths = summarize_strengths(read)
    distributions = summarize_distributions(read)
    tables = _build_tables(material)
    is_whole = sample is not None and sample.is_whole
    script, plotly = "\n".join(map(_read, _SCRIPTS)), encode_text(get_plotlyjs())
    weight = describe_weight(examples, len(plotly) + len(script))
    return _load_template().render(
        title=title or describe_size(result),
        size=describe_size(result),
        verdict=_judge(material, strengths),
        strengths=strengths,
        statistics=_order_statistics(tables),
        distributions=distributions,
        tables=tables,
        clusters=_find_clusters(material),
        look_alikes=_find_look_alikes(material),
        data={**describe_charts(strengths, distributions), "examples": examples.data},
        sheets=examples.sheets,
        sample="" if sample is None or is_whole else sample.describe(result),
        num_sources=result.sizes["source"],
        num_ranked=examples.num_ranks,
        shown=f"{describe_shown(result, sample, shown)} {weight}",
        cautions=find_cautions(result, is_read=is_whole),
        provenance=describe_provenance(result),
        style=_read("report.css"),
        script=script,
        plotly=plotly,
    )


def _judge(material: Material, rows: list[StrengthRow]) -> Verdict:
    # Only results of one measure can be held against each other.
    measure = describe_values(material.result)
    comparable = {row.name: row.by_statistic["median"] for row in rows if row.measure == measure}
    strength = comparable.pop(next(iter(material.samples), ""), None)
    verdict = judge(strength, comparable) if material.sample else NOT_KEPT
    means = [
        describe_all_pairs(table)
        for table in material.class_tables
        if (table.attrs["statistic"], table.attrs["labels"]) == ("mean", "label")
    ]
    first, *rest = verdict.reasons
    if rows and material.sample is not None and not material.sample.is_whole:
        first = f"Of the pairs of a sample: {first[0].lower()}{first[1:]}"
    return replace(verdict, reasons=[first, *means, *rest])


def _build_tables(material: Material) -> list[ClassTable]:
    of_all, sample = lay_out_tables(material.class_tables), material.sample
    known = {(table.labels, table.statistic) for table in of_all}
    if sample is None:
        return of_all
    of_sample = build_class_tables(sample.result, is_sample=not sample.is_whole)
    return of_all + [one for one in of_sample if (one.labels, one.statistic) not in known]


def _order_statistics(tables: Iterable[ClassTable]) -> dict[Statistic, str]:
    """Return the names of statistics; the page opens with the first, that of the first table."""
    order: list[Statistic] = [*(table.statistic for table in tables), *STATISTICS]
    return {statistic: STATISTICS[statistic] for statistic in order}


def _find_clusters(material: Material) -> ClusterSection | None:
    if material.clustered is None:
        return None
    sample = material.sample
    read = sample.result if sample is not None and sample.is_whole else None
    return describe_clusters(material.clustered, read)


def _find_look_alikes(material: Material) -> LookAlikes | None:
    sample, ranked = material.sample, material.ranked
    if material.clustered is not None and sample is not None and sample.is_whole:
        return None  # they are said of the clusters
    if ranked is not None and (sample is None or not sample.is_whole):
        return describe_ranked_look_alikes(material.result, ranked)
    if sample is None:
        return None
    return describe_look_alikes(sample.result, is_sample=not sample.is_whole)


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
