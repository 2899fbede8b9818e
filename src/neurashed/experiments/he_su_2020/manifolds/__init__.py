"""The toy manifolds of He and Su: is elasticity a matter of distance along the data?

On six pairs of curves and surfaces a ReLU network and a linear one are taught which of the two a
point is on. Then the elasticity between points of the positive class is set against their distance
along the curve or surface. This package adds no science of its own and prints nothing.
"""

from neurashed.experiments.he_su_2020.manifolds.figure import draw_manifolds
from neurashed.experiments.he_su_2020.manifolds.findings import (
    PUBLISHED,
    ManifoldFinding,
    Spread,
    find_in_manifolds,
)
from neurashed.experiments.he_su_2020.manifolds.run import FIGURE_FILE, TABLE_FILE, run_manifolds
from neurashed.experiments.he_su_2020.manifolds.settings import QUICK, ManifoldSettings

__all__ = [
    "FIGURE_FILE",
    "PUBLISHED",
    "QUICK",
    "TABLE_FILE",
    "ManifoldFinding",
    "ManifoldSettings",
    "Spread",
    "draw_manifolds",
    "find_in_manifolds",
    "run_manifolds",
]
