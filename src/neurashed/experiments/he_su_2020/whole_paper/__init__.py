"""All parts of He and Su's paper, one after the other, and one page of what came out.

A part whose data or weights are not given is left out and said to be. This package runs the parts
and lays out their numbers; it adds no science of its own and prints nothing.
"""

from neurashed.experiments.he_su_2020.whole_paper.parts import PARTS, Part
from neurashed.experiments.he_su_2020.whole_paper.run import (
    PAGE_FILE,
    PartOutcome,
    plan_paper,
    reproduce_paper,
)
from neurashed.experiments.he_su_2020.whole_paper.settings import PaperSettings, find_data

__all__ = [
    "PAGE_FILE",
    "PARTS",
    "PaperSettings",
    "Part",
    "PartOutcome",
    "find_data",
    "plan_paper",
    "reproduce_paper",
]
