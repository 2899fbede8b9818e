"""Wrong labels: are they the examples that move with the wrong class?

A share of the labels of a data set is made wrong, a network is trained on what is given, and every
example is scored by elasticity, tangent kernels and baselines: do the wrong labels score highest?
This package adds no science of its own and prints nothing.
"""

from neurashed.experiments.he_su_2020.corrupted_labels.approaches import (
    APPROACHES,
    HELD_OUT,
    NEIGHBORS,
    Approach,
)
from neurashed.experiments.he_su_2020.corrupted_labels.corruption import (
    CorruptedExamples,
    corrupt_labels,
)
from neurashed.experiments.he_su_2020.corrupted_labels.findings import (
    LabelFinding,
    Quality,
    judge_scores,
)
from neurashed.experiments.he_su_2020.corrupted_labels.run import (
    TABLE_FILE,
    find_corrupted_labels,
    read_seeds,
    run_corrupted_labels,
)
from neurashed.experiments.he_su_2020.corrupted_labels.settings import (
    QUICK,
    CorruptedLabelsSettings,
)

__all__ = [
    "APPROACHES",
    "HELD_OUT",
    "NEIGHBORS",
    "QUICK",
    "TABLE_FILE",
    "Approach",
    "CorruptedExamples",
    "CorruptedLabelsSettings",
    "LabelFinding",
    "Quality",
    "corrupt_labels",
    "find_corrupted_labels",
    "judge_scores",
    "read_seeds",
    "run_corrupted_labels",
]
