"""True distances against brute force that shares no code with them."""

import numpy as np
import pytest
from closeness import assert_close
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.special import ellipeinc

from neurashed.data.manifolds import (
    Curve,
    FoldedBox,
    Manifold,
    Sphere,
    manifold_names,
    manifold_pair,
    two_spheres,
)

MANIFOLDS = {
    f"{name}, {side}": getattr(manifold_pair(name), side)
    for name in manifold_names()
    for side in ("positive", "negative")
}
CURVES = {name: each for name, each in MANIFOLDS.items() if isinstance(each, Curve)}
SPHERES = {name: each for name, each in MANIFOLDS.items() if isinstance(each, Sphere)}
BOXES = {name: each for name, each in MANIFOLDS.items() if isinstance(each, FoldedBox)}


def draw(manifold: Manifold, count: int, seed: int = 0) -> np.ndarray:
    return manifold.draw(count, generator=np.random.default_rng(seed))


def polyline_length(points: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


@pytest.mark.parametrize("name", CURVES)
def test_curves_are_as_long_as_a_dense_polyline(name: str):
    curve = CURVES[name]
    begin, end = draw(curve, 3), draw(curve, 3, seed=1)
    for row, one in enumerate(begin[:, 0]):
        for column, other in enumerate(end[:, 0]):
            ways = [np.linspace(one, other, 200_001)]
            if curve.is_closed:
                turn = np.sign(one - other) * 2 * np.pi
                ways.append(np.linspace(one, other + turn, 200_001))
            shortest = min(polyline_length(curve.point(way)) for way in ways)
            found = curve.geodesic(begin, end)[row, column]
            # A chord of step h is shorter than its arc by a share of h^2, here below 1e-8.
            assert found == pytest.approx(shortest, rel=1e-8)


@pytest.mark.parametrize("name", CURVES)
def test_arc_length_has_no_error_of_quadrature(name: str, monkeypatch: pytest.MonkeyPatch):
    curve = CURVES[name]
    at = np.linspace(curve.low, curve.high, 7)
    length = curve.arc_length(at)
    monkeypatch.setattr("neurashed.data.manifolds.curves._NUM_PANELS", 128)
    assert_close(curve.arc_length(at), length, factor=1e-4, reason="the same, to the last digits")


def test_cosines_are_as_long_as_the_elliptic_integral_says():
    curve = CURVES["two_cosines, positive"]
    parameters = draw(curve, 20)
    expected = ellipeinc(parameters, -1) - ellipeinc(parameters.T, -1)
    assert_close(curve.geodesic(parameters, parameters), np.abs(expected))


@pytest.mark.parametrize("name", [name for name, each in CURVES.items() if each.is_closed])
def test_closed_curves_wrap(name: str):
    curve = CURVES[name]
    ends = np.array([[curve.low + 0.01], [curve.high - 0.01]])
    apart = np.linalg.norm(np.diff(curve.embed(ends), axis=0))
    seam = float(curve.speed(np.array([curve.low]))[0])
    for distance in (curve.geodesic(ends, ends), seam * curve.proxy(ends, ends)):
        assert distance[0, 1] == pytest.approx(apart, rel=1e-3)


@pytest.mark.parametrize("name", SPHERES)
def test_spheres_measure_great_circles(name: str):
    sphere = SPHERES[name]
    parameters = draw(sphere, 4)
    points = sphere.embed(parameters) / sphere.radius
    for row in range(4):
        for column in range(row):
            share = np.linspace(0, 1, 20_001)[:, None]
            chord = points[row] * (1 - share) + points[column] * share
            arc = sphere.radius * chord / np.linalg.norm(chord, axis=1, keepdims=True)
            found = sphere.geodesic(parameters, parameters)[row, column]
            assert found == pytest.approx(polyline_length(arc), rel=1e-7)


def test_antipodes_and_neighbors_are_measured_exactly():
    sphere = Sphere(10.0)
    pole = np.array([[0.0, 0.0]])
    ends = np.array([[np.pi, 0.0], [1e-9, 2.0]])
    assert_close(sphere.geodesic(pole, ends), np.array([[10 * np.pi, 1e-8]]))
    assert sphere.geodesic(pole, ends)[0, 1] == pytest.approx(1e-8, rel=1e-6)


@pytest.mark.parametrize("name", BOXES)
def test_boxes_measure_the_shortest_path_over_the_folds(name: str):
    box = BOXES[name]
    parameters = draw(box, 8)
    distances = box.geodesic(parameters, parameters)
    for row, begin in enumerate(parameters):
        for column in range(row):
            shortest = shortest_over_folds(box, begin, parameters[column])
            assert distances[row, column] == pytest.approx(shortest, rel=1e-6)


def shortest_over_folds(box: FoldedBox, begin: np.ndarray, end: np.ndarray) -> float:
    """Return the length of the shortest broken line in space, bent at the folds that it crosses.

    Each face is flat, so a shortest path is straight on it; where it crosses a fold is found by
    minimization.
    """
    first, last = box.embed(begin[None])[0], box.embed(end[None])[0]
    # The folds in their order around the section: top, right rim, bottom, left rim.
    folds = [(0, box.height), (box.reach, 0), (0, -box.height), (-box.reach, 0)]
    from_face, to_face = (_face(point) for point in (first, last))
    lengths = []
    for direction in (1, -1):
        crossed, face = [], from_face
        while face != to_face:
            crossed.append(folds[(face + 1) % 4 if direction == 1 else face])
            face = (face + direction) % 4

        def length(z: np.ndarray, crossed: list = crossed) -> float:
            bends = [[*fold, each] for fold, each in zip(crossed, z, strict=True)]
            return polyline_length(np.array([first, *bends, last]))

        start = np.linspace(first[2], last[2], len(crossed) + 2)[1:-1] + 0.1
        lengths.append(minimize(length, start).fun if crossed else length(np.empty(0)))
    return min(lengths)


def _face(point: np.ndarray) -> int:
    """Return which face a point is on: 0 from the top to the right rim, then clockwise."""
    x, y, _ = point
    return (0 if y > 0 else 1) if x > 0 else (3 if y > 0 else 2)


@pytest.mark.parametrize("name", BOXES)
def test_boxes_measure_what_dijkstra_finds_on_a_mesh(name: str):
    box = BOXES[name]
    quarter, rows = 24, 9
    at = np.arange(4 * quarter)
    x = np.interp(at % (2 * quarter), [0, 2 * quarter], [-box.reach, box.reach])
    x = np.where(at < 2 * quarter, x, -x)
    z = np.linspace(-box.depth, box.depth, rows)
    sheet = np.where(at < 2 * quarter, 1.0, -1.0)
    mesh = np.stack([np.repeat(x, rows), np.tile(z, len(at)), np.repeat(sheet, rows)], axis=1)
    edges = csr_array(mesh_edges(box.embed(mesh), 4 * quarter, rows))
    sources = [0, 5 * rows + 3, 30 * rows + 8]
    shortest = dijkstra(edges, indices=sources)
    found = box.geodesic(mesh[sources], mesh)
    # Paths on a mesh are paths, so none is shorter, but for rounding; its directions are few.
    assert (shortest >= found - 1e-9).all()
    assert (shortest <= 1.03 * found + 1e-9).all()


def mesh_edges(points: np.ndarray, num_around: int, num_rows: int) -> np.ndarray:
    """Return lengths of edges around and along the tube; folds are mesh lines."""
    edges = np.zeros((len(points), len(points)))
    for around in range(num_around):
        for row in range(num_rows):
            one, beside = around * num_rows + row, (around + 1) % num_around * num_rows
            others = np.r_[one + 1 : (around + 1) * num_rows, beside : beside + num_rows]
            edges[one, others] = np.linalg.norm(points[one] - points[others], axis=1)
            edges[others, one] = edges[one, others]
    return edges


def test_the_sheets_meet_where_they_really_meet():
    box = BOXES["folded_boxes, positive"]
    assert box.reach == pytest.approx(13 / 1.2)
    sheets = np.array([[box.reach, 0.0, 1.0], [box.reach, 0.0, -1.0]])
    assert_close(box.embed(sheets[:1]), box.embed(sheets[1:]))
    assert box.geodesic(sheets, sheets)[0, 1] == 0
    # The authors' distance lets them meet at 11, where neither sheet is.
    assert box.proxy(sheets, sheets)[0, 1] == pytest.approx(2 * np.hypot(1, 1.2) * (11 - 13 / 1.2))


@pytest.mark.parametrize("name", MANIFOLDS)
@given(seed=st.integers(0, 2**32))
def test_geodesics_are_metrics_and_longer_than_chords(name: str, seed: int):
    manifold = MANIFOLDS[name]
    parameters = draw(manifold, 6, seed)
    distances = manifold.geodesic(parameters, parameters)
    points = manifold.embed(parameters)
    chords = np.linalg.norm(points[:, None] - points, axis=-1)
    slack = 1e-9 * distances.max()
    assert_close(np.diag(distances), np.zeros(6), scale=float(distances.max()))
    assert_close(distances, distances.T)
    assert (distances[:, :, None] <= distances[:, None] + distances.T[None] + slack).all()
    assert (distances >= chords - slack).all()
    assert np.isfinite(distances).all()


def test_area_uniform_spheres_fill_equal_areas_alike():
    heights = {}
    for is_area_uniform in (False, True):
        sphere = two_spheres(is_area_uniform=is_area_uniform).positive
        heights[is_area_uniform] = sphere.embed(draw(sphere, 20_000))[:, 2] / 10
    # Zones of equal height have equal area (Archimedes): the height is uniform from -1 to 1, with
    # variance 1/3; with a uniform angle from the pole it is 1/2.
    assert heights[True].var() == pytest.approx(1 / 3, abs=0.01)
    assert heights[False].var() == pytest.approx(1 / 2, abs=0.01)
