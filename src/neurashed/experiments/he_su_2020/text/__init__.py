"""Hidden intents in short texts, which the paper does not look at.

A network learns one bit for each text, whether it belongs to a domain. Then the intents within that
domain are looked for in its tangent kernel, with choices that were made on other data. This package
adds no science of its own and prints nothing.
"""

from neurashed.experiments.he_su_2020.text.findings import (
    ALL_DOMAINS,
    TextFinding,
    find_in_texts,
    read_domains,
)
from neurashed.experiments.he_su_2020.text.measurement import APPROACHES
from neurashed.experiments.he_su_2020.text.run import TABLE_FILE, run_texts
from neurashed.experiments.he_su_2020.text.settings import QUICK_CHOICES, TextSettings

__all__ = [
    "ALL_DOMAINS",
    "APPROACHES",
    "QUICK_CHOICES",
    "TABLE_FILE",
    "TextFinding",
    "TextSettings",
    "find_in_texts",
    "read_domains",
    "run_texts",
]
