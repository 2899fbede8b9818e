"""The experiment on texts as a run that may be killed at any time."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurashed.data import Examples, load_clinc150, where_label
from neurashed.experiments.cluster_files import label_clusters
from neurashed.experiments.he_su_2020.text.findings import find_in_texts, write_table
from neurashed.experiments.he_su_2020.text.measurement import measure_domain
from neurashed.experiments.he_su_2020.text.settings import TextSettings, name_record
from neurashed.experiments.whole_files import write_whole
from neurashed.experiments.workplace import working_in
from neurashed.results import RunFolder

__all__ = ["TABLE_FILE", "run_texts"]

TABLE_FILE = "texts.csv"


class _Place(NamedTuple):
    """The smallest piece of work: a domain and a seed, and where its record goes."""

    domain: str
    seed: int
    path: Path


def run_texts(
    settings: TextSettings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Look for the intents of every domain, with every seed and in every way, into a run folder.

    Args:
        settings: Which domains and seeds, and how intents are looked for.
        path: The run folder, new or empty; a run of the same settings that was killed is resumed.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.

    Returns:
        The finished run folder, with the similarity and the clusters of the first seed as a result
        for each domain, a record in JSON for each domain and seed, and the table ``texts.csv``.
    """
    with working_in(settings.folder):
        examples = load_clinc150(settings.data, num_words=settings.num_words)
    settings = replace(settings, domains=settings.domains or _list_domains(examples))
    for domain in settings.domains:
        where_label(examples.labels, domain)  # refuses a domain that there is not
    run = RunFolder.create(
        path,
        settings={"command": "reproduce he-su-2020 text", **asdict(settings)},
        data={"train": examples.checksum()},
        overwrite=overwrite,
    )
    places = [
        _Place(domain, seed, run.path / name_record(domain, seed))
        for seed in settings.seeds
        for domain in settings.domains
    ]
    follow = progress or _follow_silently
    for place in follow(places, description="Texts"):
        if not _is_whole(place, run, settings):
            _measure(place, run, examples, settings)
    write_table(find_in_texts(run), run.path / TABLE_FILE)
    run.finish()
    return run


def _follow_silently(items: list[_Place], *, description: str) -> Iterable[_Place]:  # noqa: ARG001
    return items


def _list_domains(examples: Examples) -> tuple[str, ...]:
    return tuple(np.unique(np.asarray(examples.labels)).tolist())


def _is_whole(place: _Place, run: RunFolder, settings: TextSettings) -> bool:
    has_result = place.seed != settings.seeds[0] or place.domain in run.finished
    return has_result and place.path.exists()


def _measure(place: _Place, run: RunFolder, examples: Examples, settings: TextSettings) -> None:
    unit = measure_domain(examples, place.domain, place.seed, settings)
    if place.seed == settings.seeds[0]:
        # In single precision: as precise as the networks, and half the size.
        run.add_result(place.domain, label_clusters(unit.found).astype(np.float32))
    write_whole(place.path, json.dumps(unit.record, indent=2) + "\n")
