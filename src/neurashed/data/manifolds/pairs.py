"""The six pairs of manifolds of He and Su's toy experiments, with the numbers of their code.

References:
    The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
    https://arxiv.org/abs/1910.06943
"""

from collections.abc import Callable

import numpy as np

from neurashed.data.choices import check_choice
from neurashed.data.manifolds.boxes import FoldedBox
from neurashed.data.manifolds.curves import Curve
from neurashed.data.manifolds.manifold import ManifoldPair
from neurashed.data.manifolds.spheres import Sphere

__all__ = [
    "double_helix",
    "folded_boxes",
    "manifold_names",
    "manifold_pair",
    "torus",
    "two_cosines",
    "two_cycles",
    "two_spheres",
]


def torus() -> ManifoldPair:
    """Return two closed curves that wind four times around a torus of radii 8 and 1.

    ``t ↦ ((8 ± sin 4t) cos t, (8 ± sin 4t) sin t, ± cos 4t)`` for ``-π ≤ t ≤ π``: at every ``t``
    they are on opposite sides of the tube.

    Returns:
        The pair.
    """
    return ManifoldPair("torus", _torus_curve(1.0), _torus_curve(-1.0))


def _torus_curve(side: float) -> Curve:
    radius, turns = 8.0, 4.0

    def point(t: np.ndarray) -> np.ndarray:
        out = radius + side * np.sin(turns * t)
        return np.stack([out * np.cos(t), out * np.sin(t), side * np.cos(turns * t)], axis=-1)

    def speed(t: np.ndarray) -> np.ndarray:
        return np.hypot(radius + side * np.sin(turns * t), turns)

    return Curve(-np.pi, np.pi, is_closed=True, point=point, speed=speed)


def folded_boxes() -> ManifoldPair:
    """Return two tubes of rhombic section, one inside the other.

    Their sheets are ``y = ±(h - 1.2 |x|)`` for ``-1 ≤ z ≤ 1``, with ``h = 13`` for the positive
    and 11 for the negative class. They meet at ``|x| = h / 1.2``, that is 10.83 and 9.17, and the
    points reach as far; the distance in the authors' code lets them meet at 11 and 9.

    Returns:
        The pair.
    """
    return ManifoldPair("folded_boxes", _folded_box(1.0), _folded_box(-1.0))


def _folded_box(side: float) -> FoldedBox:
    return FoldedBox(slope=1.2, height=12.0 + side, depth=1.0, proxy_reach=10.0 + side)


def double_helix() -> ManifoldPair:
    """Return two strands: ``t ↦ (± cos 1.5t, ± sin 1.5t, t)`` for ``-π/2 ≤ t ≤ π/2``."""
    return ManifoldPair("double_helix", _strand(1.0), _strand(-1.0))


def _strand(side: float) -> Curve:
    turns = 1.5

    def point(t: np.ndarray) -> np.ndarray:
        return np.stack([side * np.cos(turns * t), side * np.sin(turns * t), t], axis=-1)

    def speed(t: np.ndarray) -> np.ndarray:
        return np.full_like(t, np.hypot(1.0, turns))

    return Curve(-np.pi / 2, np.pi / 2, is_closed=False, point=point, speed=speed)


def two_cosines() -> ManifoldPair:
    """Return two curves in the plane: ``x ↦ (x, cos x ± 0.2)`` for ``|x| ≤ 0.6 π``."""
    return ManifoldPair("two_cosines", _cosine(0.2), _cosine(-0.2))


def _cosine(shift: float) -> Curve:
    def point(t: np.ndarray) -> np.ndarray:
        return np.stack([t, np.cos(t) + shift], axis=-1)

    def speed(t: np.ndarray) -> np.ndarray:
        return np.hypot(1.0, np.sin(t))

    return Curve(-0.6 * np.pi, 0.6 * np.pi, is_closed=False, point=point, speed=speed)


def two_spheres(*, is_area_uniform: bool = False) -> ManifoldPair:
    """Return spheres of radius 10 (positive) and 20 (negative) around the origin.

    Args:
        is_area_uniform: Whether points are uniform on the spheres; by default the angles are, as
            in the authors' code.

    Returns:
        The pair.
    """
    return ManifoldPair("two_spheres", Sphere(10.0, is_area_uniform), Sphere(20.0, is_area_uniform))


def two_cycles() -> ManifoldPair:
    """Return circles of radius 10 (positive) and 50 (negative) around the origin of the plane."""
    return ManifoldPair("two_cycles", _circle(10.0), _circle(50.0))


def _circle(radius: float) -> Curve:
    def point(t: np.ndarray) -> np.ndarray:
        return radius * np.stack([np.cos(t), np.sin(t)], axis=-1)

    def speed(t: np.ndarray) -> np.ndarray:
        return np.full_like(t, radius)

    return Curve(-np.pi, np.pi, is_closed=True, point=point, speed=speed)


_PAIRS: dict[str, Callable[[], ManifoldPair]] = {
    build.__name__: build
    for build in (torus, folded_boxes, double_helix, two_cosines, two_spheres, two_cycles)
}


def manifold_names() -> tuple[str, ...]:
    """Return the names of the six pairs."""
    return tuple(_PAIRS)


def manifold_pair(name: str) -> ManifoldPair:
    """Return a pair of manifolds by its name; an unknown one is refused with an `InputError`.

    Args:
        name: One of `manifold_names`.

    Returns:
        The pair, as its function builds it without arguments.

    Example:
        >>> manifold_names()
        ('torus', 'folded_boxes', 'double_helix', 'two_cosines', 'two_spheres', 'two_cycles')
        >>> manifold_pair("two_cycles").name
        'two_cycles'
    """
    check_choice(name, _PAIRS, what="pair of manifolds")
    return _PAIRS[name]()
