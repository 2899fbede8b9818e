"""The half of a symmetric block that was not computed, copied from the half that was."""

from torch import Tensor

__all__ = ["copy_transposed", "mirror"]

# Rows and columns copied in one go: read along columns and written along rows, they stay in the
# processor's nearest cache, however far apart the rows of the whole block are.
_COPIED = 512


def mirror(block: Tensor) -> None:
    """Copy what is below the diagonal of a square block to above it.

    Args:
        block: ``(source, probe)`` or ``(source, k, probe, l)`` with equal axes.
    """
    square = block if block.ndim == 2 else block.view(block.shape[0] * block.shape[1], -1)
    for start in range(0, len(square), _COPIED):
        stop = start + _COPIED
        copy_transposed(square[start:stop, stop:], square[stop:, start:stop])
        corner = square[start:stop, start:stop]
        corner.copy_(corner.tril() + corner.tril(-1).T)


def copy_transposed(target: Tensor, source: Tensor) -> None:
    """Copy the transpose of a matrix to another, which may be part of the same memory.

    Args:
        target: ``(probe, source)``.
        source: ``(source, probe)``; shares no number with the target.
    """
    for start in range(0, len(target), _COPIED):
        rows = target[start : start + _COPIED]
        columns = source[:, start : start + _COPIED]
        for left in range(0, len(source), _COPIED):
            rows[:, left : left + _COPIED] = columns[left : left + _COPIED].T
