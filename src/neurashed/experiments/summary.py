"""What a result says in a few numbers, for people and for scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from neurashed.results import Strength, class_table, draw_sample, elasticity_strength
from neurashed.typing import Statistic

__all__ = ["ResultSummary", "summarize_result"]


@dataclass(frozen=True)
class ResultSummary:
    """The numbers of a result that people ask for first.

    Attributes:
        measure: What was made of the responses.
        units: What the values are measured in.
        num_sources: How many steps were taken.
        num_probes: How many examples were watched.
        coverage: Which parameters took part, in words.
        num_undefined: How many pairs have no value.
        cautions: What a reader should know before trusting the numbers.
        strengths: How much more a step moves its own class, by statistic; empty without labels.
        classes: Class-to-class values ``(source_class, probe_class)``; None without labels.
        sample: What strengths and classes are of, in words, where the result is too large for
            memory; empty if they are of all of it.
    """

    measure: str
    units: str
    num_sources: int
    num_probes: int
    coverage: str
    num_undefined: int
    cautions: tuple[str, ...]
    strengths: Mapping[Statistic, Strength]
    classes: xr.Dataset | None
    sample: str = ""


def summarize_result(result: xr.DataArray) -> ResultSummary:
    """Summarize a result with one value for each source and probe.

    Strengths and classes of a result too large for memory are of a sample, see `draw_sample`.

    Args:
        result: The result; dimensions such as ``layer`` must have been selected or summed.

    Returns:
        The summary.
    """
    provenance = result.attrs.get("provenance", {})
    sample = draw_sample(result)
    return ResultSummary(
        measure=str(result.name),
        units=result.attrs["units"],
        num_sources=result.sizes["source"],
        num_probes=result.sizes["probe"],
        coverage=provenance.get("coverage", {}).get("statement", "not stated"),
        num_undefined=_count_undefined(result),
        cautions=_find_cautions(provenance),
        strengths=measure_strengths(sample.result),
        classes=class_table(sample.result, statistic="median") if has_classes(result) else None,
        sample="" if sample.is_whole else sample.describe(result),
    )


def _count_undefined(result: xr.DataArray) -> int:
    """Return what was counted when it was measured, which reads nothing of a large result."""
    counted = result.attrs.get("provenance", {}).get("undefined", {}).get("count")
    return int(result.isnull().sum()) if counted is None else int(counted)


def measure_strengths(result: xr.DataArray) -> dict[Statistic, Strength]:
    """Return the strengths of a result by median and by ratio of means, where they are defined."""
    if not has_classes(result):
        return {}
    statistics: list[Statistic] = ["median"]
    if "self_response" in result.coords:
        statistics.append("ratio_of_means")
    return {each: elasticity_strength(result, statistic=each) for each in statistics}


def has_classes(result: xr.DataArray) -> bool:
    """Return whether pairs can be told within and between classes."""
    return "source_label" in result.coords and "probe_label" in result.coords


def _find_cautions(provenance: Mapping[str, Any]) -> tuple[str, ...]:
    cautions = []
    undefined = provenance.get("undefined", {})
    if undefined.get("count"):
        cautions.append(
            f"{undefined['count']:,} pairs ({undefined['fraction']:.1%}) are undefined: the step "
            "of their source changes nothing"
        )
    resolution = provenance.get("resolution", {})
    if "warning" in resolution:
        cautions.append(resolution["warning"])
    return tuple(cautions)
