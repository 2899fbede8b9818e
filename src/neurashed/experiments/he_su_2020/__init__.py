"""The experiments of He and Su's paper on local elasticity, one file a part.

Each part composes the other rooms into one run, from settings to a run folder. This package adds no
science of its own and prints nothing.

References:
    The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
    https://arxiv.org/abs/1910.06943
"""

from neurashed.experiments.he_su_2020.class_numbers import find_class_numbers
from neurashed.experiments.he_su_2020.class_ratios import ClassRatio, find_class_ratios
from neurashed.experiments.he_su_2020.pretrained import (
    HISTOGRAMS_FILE,
    RATIOS_FILE,
    PretrainedSettings,
    plan_pretrained,
    run_pretrained,
)

__all__ = [
    "HISTOGRAMS_FILE",
    "RATIOS_FILE",
    "ClassRatio",
    "PretrainedSettings",
    "find_class_numbers",
    "find_class_ratios",
    "plan_pretrained",
    "run_pretrained",
]
