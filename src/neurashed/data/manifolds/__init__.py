"""Pairs of toy manifolds as two classes, with true distances along them.

Each manifold draws points, says where they are in space, and how far apart they are along it: the
true geodesic distance, and beside it the proxy that the authors of the experiments used. Nothing
here knows networks.
"""

from neurashed.data.manifolds.boxes import FoldedBox
from neurashed.data.manifolds.curves import Curve
from neurashed.data.manifolds.manifold import Manifold, ManifoldPair, ManifoldSample
from neurashed.data.manifolds.pairs import (
    double_helix,
    folded_boxes,
    manifold_names,
    manifold_pair,
    torus,
    two_cosines,
    two_cycles,
    two_spheres,
)
from neurashed.data.manifolds.spheres import Sphere

__all__ = [
    "Curve",
    "FoldedBox",
    "Manifold",
    "ManifoldPair",
    "ManifoldSample",
    "Sphere",
    "double_helix",
    "folded_boxes",
    "manifold_names",
    "manifold_pair",
    "torus",
    "two_cosines",
    "two_cycles",
    "two_spheres",
]
