"""The one tolerance table, and the comparison that uses it."""

import numpy as np
import torch
import xarray as xr

Array = torch.Tensor | np.ndarray | xr.DataArray | float

# Largest error allowed, relative to the largest expected value, by what is compared and in which
# type. A "difference" is a readout after a small step minus before: rounding of the readout, not
# of the difference, sets its error.
TOLERANCES = {
    "value": {"float64": 1e-10, "float32": 1e-4},
    "difference": {"float64": 1e-7, "float32": 2e-2},
}


def assert_close(
    actual: Array,
    expected: Array,
    *,
    dtype: torch.dtype | str | None = None,
    kind: str = "value",
    scale: float | None = None,
    factor: float = 1,
    reason: str | None = None,
) -> None:
    """Raise unless two arrays agree: in shape, in where they are NaN or infinite, and in value.

    Args:
        actual: Tensor, NumPy array, xarray object or number.
        expected: The same, in the same shape.
        dtype: Type whose tolerance holds; the less precise of the two arrays' if None.
        kind: Row of the tolerance table.
        scale: What the error is relative to; the largest expected value if None.
        factor: Widens the tolerance; one other than 1 needs a reason.
        reason: Why this comparison is less precise than others.

    Raises:
        ValueError: If the tolerance is widened without a reason.
    """
    if factor != 1 and not reason:
        message = "a tolerance of its own needs a reason"
        raise ValueError(message)
    got, wanted = _array(actual), _array(expected)
    assert got.shape == wanted.shape, f"shape {got.shape}, expected {wanted.shape}"
    tolerance = factor * TOLERANCES[kind][_dtype_name(dtype, got, wanted)]
    got, wanted = got.astype(np.float64), wanted.astype(np.float64)
    finite = np.isfinite(wanted)
    _assert_same_elsewhere(got, wanted, finite)
    errors = np.where(finite, np.abs(_filled(got, finite) - _filled(wanted, finite)), 0)
    if not errors.size:
        return
    scale = scale or float(np.abs(_filled(wanted, finite)).max()) or 1.0
    worst = np.unravel_index(int(errors.argmax()), errors.shape)
    assert errors[worst] <= tolerance * scale, (
        f"{_place(worst)}: {got[worst]!r}, expected {wanted[worst]!r}; error {errors[worst]:.3g} "
        f"is {errors[worst] / scale:.3g} of the scale {scale:.3g}, allowed {tolerance:.3g}"
    )


def _array(values: Array) -> np.ndarray:
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().numpy()
    return np.asarray(values)


def _dtype_name(dtype: torch.dtype | str | None, *arrays: np.ndarray) -> str:
    if dtype is not None:
        return str(dtype).removeprefix("torch.")
    floating = [array.dtype for array in arrays if array.dtype.kind == "f"]
    return min(floating, key=lambda each: each.itemsize).name if floating else "float64"


def _filled(values: np.ndarray, finite: np.ndarray) -> np.ndarray:
    return np.where(finite, values, 0)


def _assert_same_elsewhere(got: np.ndarray, wanted: np.ndarray, finite: np.ndarray) -> None:
    same = np.where(finite, np.isfinite(got), (got == wanted) | (np.isnan(got) & np.isnan(wanted)))
    if not same.all():
        first = np.unravel_index(int((~same).argmax()), same.shape)
        message = (
            f"{int((~same).sum())} values are NaN or infinite where they should not be, or the "
            f"reverse; first {_place(first)}: {got[first]!r}, expected {wanted[first]!r}"
        )
        raise AssertionError(message)


def _place(index: tuple[np.intp, ...]) -> str:
    return f"at {tuple(int(i) for i in index)}"
