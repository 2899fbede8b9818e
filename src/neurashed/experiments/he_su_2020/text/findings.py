"""How well each approach finds the intents of each domain, over seeds."""

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurashed.clustering import Agreement, AgreementInterval, agreement_interval
from neurashed.experiments.he_su_2020.text.settings import name_record
from neurashed.results import RunFolder

__all__ = ["ALL_DOMAINS", "TextFinding", "find_in_texts", "read_domains", "write_table"]

# Stands where the name of a domain does elsewhere, for the mean over domains.
ALL_DOMAINS = "all"
_SCORES = ("accuracy", "nmi", "ari")


@dataclass(frozen=True)
class TextFinding:
    """How well one approach finds the intents of one domain.

    Attributes:
        domain: The domain; `ALL_DOMAINS` for the mean over domains.
        approach: One of `APPROACHES`.
        num_clusters: Clusters, mean over seeds.
        agreement: Agreement with the intents over seeds.
        training_accuracy: Share of texts whose side the networks tell right, mean over seeds and
            networks; None where no network is trained for the approach.
        training_loss: Their loss.
    """

    domain: str
    approach: str
    num_clusters: float
    agreement: AgreementInterval
    training_accuracy: float | None
    training_loss: float | None


def find_in_texts(run: RunFolder) -> list[TextFinding]:
    """Read what a run shows.

    Args:
        run: Its folder.

    Returns:
        A finding for each domain and approach in the order of the settings, those of all domains
        last.
    """
    domains, seeds = (run.record.settings[name] for name in ("domains", "seeds"))
    records = {
        domain: [json.loads((run.path / name_record(domain, seed)).read_text()) for seed in seeds]
        for domain in domains
    }
    by_seed = list(zip(*records.values(), strict=True))
    records_of = {domain: [[each] for each in of_one] for domain, of_one in records.items()}
    records_of[ALL_DOMAINS] = [list(each) for each in by_seed]
    return [
        _find(domain, approach, runs)
        for domain, runs in records_of.items()
        for approach in runs[0][0]["approaches"]
    ]


def read_domains(run: RunFolder) -> dict[str, dict[str, Any]]:
    """Read what each domain and seed of a run came to, for comparison with another run.

    Args:
        run: Its folder.

    Returns:
        The scores and the end of training of each approach, by domain and seed.
    """
    domains, seeds = (run.record.settings[name] for name in ("domains", "seeds"))
    names = [name_record(domain, seed) for domain in domains for seed in seeds]
    return {Path(name).stem: json.loads((run.path / name).read_text()) for name in names}


def _find(domain: str, approach: str, runs: list[list[dict[str, Any]]]) -> TextFinding:
    """Return a finding from the records of each seed: one record, or one for each domain."""
    found = [record["approaches"][approach] for run in runs for record in run]
    return TextFinding(
        domain=domain,
        approach=approach,
        num_clusters=_mean(each["num_clusters"] for each in found),
        agreement=agreement_interval([_average(approach, run) for run in runs]),
        training_accuracy=_mean_over_networks(found, "training_accuracy"),
        training_loss=_mean_over_networks(found, "training_loss"),
    )


def _mean_over_networks(found: list[dict[str, Any]], name: str) -> float | None:
    trainings = [each["training"] for each in found]
    return None if None in trainings else _mean(_mean(each[name]) for each in trainings)


def _average(approach: str, records: list[dict[str, Any]]) -> Agreement:
    found = [each["approaches"][approach] for each in records]
    scores = {name: _mean(each[name] for each in found) for name in _SCORES}
    numbers = {name: sum(each[name] for each in found) for name in ("num_examples", "num_left_out")}
    return Agreement(**scores, **numbers)


def _mean(numbers: Any) -> float:  # noqa: ANN401
    return float(np.mean(list(numbers)))


def write_table(findings: list[TextFinding], path: Path) -> None:
    """Write findings as CSV, one line each, with mean, deviation and interval of each score.

    Args:
        findings: The findings.
        path: The file.
    """
    rows = [_as_row(finding) for finding in findings]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _as_row(finding: TextFinding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "domain": finding.domain,
        "approach": finding.approach,
        "num_seeds": finding.agreement.num_runs,
        "num_clusters": f"{finding.num_clusters:.4g}",
    }
    for score in _SCORES:
        parts = asdict(getattr(finding.agreement, score))
        row |= {f"{score}_{part}": f"{number:.4f}" for part, number in parts.items()}
    for name in ("training_accuracy", "training_loss"):
        number = getattr(finding, name)
        row[name] = None if number is None else f"{number:.4f}"
    return row
