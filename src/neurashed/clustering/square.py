"""The similarity among the sources of a result."""

import numpy as np
import xarray as xr

from neurashed.errors import InputError
from neurashed.results import check_result

__all__ = [
    "check_square",
    "join_directions",
    "read_mutual_elasticity",
    "read_square",
    "source_coordinates",
]


def read_square(result: xr.DataArray) -> np.ndarray:
    """Return the values of a result among its sources, whatever the order of its probes.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.

    Returns:
        Values ``(source, source)`` in float64.
    """
    check_square(result)
    sources = result["source"].to_numpy()
    return result.sel(probe=sources).to_numpy().astype(np.float64)


def check_square(result: xr.DataArray) -> None:
    """Check that a result has two dimensions and that every source is also a probe.

    Args:
        result: A result.

    Raises:
        InputError: If the result has further dimensions, or a source is no probe.
    """
    check_result(result)
    if result.ndim != 2:
        more = [str(dim) for dim in result.dims if dim not in {"source", "probe"}]
        message = (
            f"the result has the further dimensions {more}; "
            f"choose one at a time, such as result.isel({more[0]}=0)"
        )
        raise InputError(message)
    sources, probes = result["source"].to_numpy(), result["probe"].to_numpy()
    is_missing = ~np.isin(sources, probes)
    if is_missing.any():
        message = (
            f"{int(is_missing.sum())} of {len(sources)} sources are not among the probes, first "
            f"{sources[is_missing][0]!s}; measure the sources as probes too"
        )
        raise InputError(message)


def read_mutual_elasticity(result: xr.DataArray) -> np.ndarray:
    """Return how much two examples move each other, each in units of how it moves itself.

    ``M_ij = ± √(|S_ij S_ji| / |S_ii S_jj|)``, with the sign of ``S_ij / S_ii``, and 0 where the two
    directions disagree about the sign. Multiplying the values of a source by any number, as
    another learning rate or loss does, leaves it as it is; so does multiplying those of a probe.
    For a kernel it is the cosine; for a small step and one output, ``relative`` gives the cosine's
    magnitude.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.

    Returns:
        Numbers ``(source, source)``, symmetric; NaN where a value is undefined or an example does
        not move itself.
    """
    values = read_square(result)
    own = np.diag(values)
    own = np.where(np.isfinite(own) & (own != 0), own, np.nan)
    shares = np.where(np.isfinite(values), values, np.nan) / own[:, None]
    return join_directions(shares, shares.T)


def join_directions(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Return mutual elasticity from both directions of pairs, in units of own movement.

    Args:
        there: ``S_ij / S_ii``, NaN where undefined.
        back: ``S_ji / S_jj``, of the same shape.

    Returns:
        Numbers of the same shape, see `read_mutual_elasticity`.
    """
    # Roots first: the product of two small shares may be 0.
    sizes = np.sqrt(np.abs(there)) * np.sqrt(np.abs(back))
    return np.where(there * back < 0, 0.0, np.sign(there) * sizes)


def source_coordinates(result: xr.DataArray | xr.Dataset) -> dict[str, xr.Variable]:
    """Return the coordinates of a result that lie along its sources.

    Args:
        result: A result.

    Returns:
        Coordinates by name.
    """
    return {
        str(name): coordinate.variable
        for name, coordinate in result.coords.items()
        if coordinate.dims == ("source",)
    }
