"""Products of bfloat16 matrices in float32, on the tile units of a processor.

PyTorch rounds the result of such a product to bfloat16 as well. The library that it is built with
on x86, Intel's oneMKL, has the product whose result is float32, in its documented C interface:
`cblas_gemm_bf16bf16f32`. It is called there.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

__all__ = ["has_bfloat16_products", "multiply_bfloat16"]

# Of the C interface: rows of numbers one after the other; as it is; transposed.
_ROW_MAJOR, _AS_IT_IS, _TRANSPOSED = 101, 111, 112


@cache
def has_bfloat16_products(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 matrices in float32, several times as fast as float32.

    Args:
        device: The device.

    Returns:
        True for a processor with Intel's AMX, under a PyTorch that is built with oneMKL.
    """
    if device.type != "cpu" or not torch.cpu.get_capabilities().get("amx_bf16", False):
        return False
    return _find_product() is not None


@cache
def _find_product() -> Any | None:  # noqa: ANN401
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        product = ctypes.CDLL(str(library)).cblas_gemm_bf16bf16f32
    except (OSError, AttributeError):
        return None
    number, matrix, scale = ctypes.c_int, ctypes.c_void_p, ctypes.c_float
    product.restype = None
    product.argtypes = [
        number, number, number, number, number, number,
        scale, matrix, number, matrix, number, scale, matrix, number,
    ]  # fmt: skip
    return product


def multiply_bfloat16(left: Tensor, right: Tensor, out: Tensor, *, adds: bool) -> None:
    """Write ``left @ right.T``, or add it, to a matrix of float32.

    Args:
        left: ``(row, k)`` in bfloat16, its numbers of a row one after the other.
        right: ``(column, k)``, likewise.
        out: ``(row, column)`` in float32, likewise.
        adds: Whether to add to what is there.

    Raises:
        AssertionError: If there is no such product; see `has_bfloat16_products`.
    """
    product = _find_product()
    if product is None:
        message = "products were split where bfloat16 matrices are not multiplied in float32"
        raise AssertionError(message)
    if not left.numel() or not right.numel():
        if not adds:
            out.zero_()
        return
    product(
        _ROW_MAJOR, _AS_IT_IS, _TRANSPOSED, len(left), len(right), left.shape[1],
        1.0, left.data_ptr(), left.stride(0), right.data_ptr(), right.stride(0),
        float(adds), out.data_ptr(), out.stride(0),
    )  # fmt: skip
