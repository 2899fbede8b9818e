"""Sentences of the page that depend on the result."""

import xarray as xr

from neurashed.plots import describe_values
from neurashed.report.examples import PageExamples
from neurashed.report.quantities import write_bytes
from neurashed.results import Sample

__all__ = ["describe_shown", "describe_size", "describe_weight"]


def describe_size(result: xr.DataArray) -> str:
    """Return what was measured on how many examples."""
    num_sources, num_probes = result.sizes["source"], result.sizes["probe"]
    name = describe_values(result)
    return f"{name[:1].upper()}{name[1:]} of {num_sources:,} sources and {num_probes:,} probes"


def describe_shown(result: xr.DataArray, sample: Sample | None, shown: Sample | None) -> str:
    """Return how the values on the page differ from those that were measured.

    Args:
        result: Values ``(source, probe)``, which are not read.
        sample: What was read of them; None if they were not kept.
        shown: The part of it whose every pair is on the page.

    Returns:
        Sentences.
    """
    if sample is None or shown is None:
        return "Only the top probes of each source were kept, in float32 (seven digits)."
    sentences = ["Values on this page are rounded to float32 (seven digits)."]
    if str(result.dtype) == "float32":
        sentences = ["Values on this page are the measured ones, bit for bit (float32)."]
    if not sample.is_whole:
        sentences.append(
            f"The heat map, the distributions and what is said to be of a sample rest on "
            f"{sample.describe(result)}."
        )
    elif not shown.is_whole:
        parts = [
            f"{shown.result.sizes[axis]:,} of {result.sizes[axis]:,} {axis}s"
            for axis in ("source", "probe")
        ]
        sentences.append(
            f"The heat map shows {' and '.join(parts)}, evenly spaced; the summaries use all."
        )
    return " ".join(sentences)


def describe_weight(examples: PageExamples, num_other_bytes: int) -> str:
    """Return how large the file is, and what takes the room.

    Args:
        examples: What the page's script reads.
        num_other_bytes: How large the rest is.

    Returns:
        A sentence.
    """
    parts = [
        f"{name} {write_bytes(float(num_bytes))}"
        for name, num_bytes in (
            ("pairs", examples.num_pair_bytes),
            ("thumbnails", examples.num_sheet_bytes),
        )
        if num_bytes
    ]
    total = examples.num_pair_bytes + examples.num_sheet_bytes + num_other_bytes
    return f"This file has about {write_bytes(float(total))}: {', '.join(parts)}."
