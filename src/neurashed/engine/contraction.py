"""Inner products of per-example gradients, one layer at a time.

For factors ``Σ_t d_t ⊗ a_t`` the inner product of two gradients is
``Σ_tu (a_t · a'_u)(d_t · d'_u)``; with one position this is the entrywise product of two Gram
matrices. The other route forms the layer's gradients and multiplies them. Both give the same.

A block is ``(source, probe)`` for the trace over cotangents, which pairs cotangent k of the source
with cotangent k of the probe, and ``(source, source cotangent, probe, probe cotangent)`` in full.
"""

from collections.abc import Iterator
from math import isqrt

import torch
from torch import Tensor

from neurashed.engine.cutting import Contraction, slabs
from neurashed.engine.gradient_products import add_gradient_products
from neurashed.engine.layer_rows import LayerRows, Positions
from neurashed.engine.rows import DenseRows

__all__ = ["Contraction", "add_products", "mirror", "self_products"]

# Rows and columns mirrored in one go: small enough for the processor's nearest cache.
_MIRRORED = 128
# Sources and probes multiplied in one go where products of inputs and of gradients meet entry by
# entry: both stay in the processor's cache, and are large enough for its matrix products.
_CACHED_SOURCES = 2048
_CACHED_PROBES = 512
# Products of pairs of positions held at a time: with two such blocks a core works in its cache.
_CACHED_PRODUCTS = 2**20


def add_products(block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction) -> None:
    """Add a layer's inner products to a block.

    Args:
        block: ``(source, probe)`` if traced, else ``(source, k, probe, l)``. If sources and probes
            are the same rows only the part on and below the diagonal is meant; see `mirror`.
        sources: Rows of the layer for the sources.
        probes: Rows of the layer for the probes.
        how: The route.
    """
    if how.route == "positions" and not isinstance(sources, DenseRows):
        _add_position_products(block, sources, probes, how)
    else:
        add_gradient_products(block, sources, probes, how)


def mirror(block: Tensor) -> None:
    """Copy what is below the diagonal of a square block to above it.

    Args:
        block: ``(source, probe)`` or ``(source, k, probe, l)`` with equal axes.
    """
    square = block if block.ndim == 2 else block.view(block.shape[0] * block.shape[1], -1)
    length = len(square)
    for start in range(0, length, _MIRRORED):
        stop = min(start + _MIRRORED, length)
        square[start:stop, stop:] = square[stop:, start:stop].T
        corner = square[start:stop, start:stop]
        corner.copy_(corner.tril() + corner.tril(-1).T)


def _add_position_products(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction
) -> None:
    if how.is_traced and _is_rank_one(sources, how) and _is_rank_one(probes, how):
        _add_rank_one_products(block, sources, probes, how)
        return
    is_symmetric = sources is probes
    largest = _most_positions(sources, probes, how)
    for columns in _runs(probes.num_examples, largest):
        theirs = _positions(probes.part(columns.start, columns.stop))
        for rows in _runs(sources.num_examples, largest):
            if is_symmetric and rows.start < columns.start:
                continue
            is_same = is_symmetric and rows == columns
            ours = theirs if is_same else _positions(sources.part(rows.start, rows.stop))
            target = block[rows, columns] if how.is_traced else block[rows, :, columns]
            _add_pairs(target, ours, theirs, how)


def _most_positions(sources: LayerRows, probes: LayerRows, how: Contraction) -> int:
    """Sources, and probes, whose inputs and gradients at all positions fit in the workspace."""
    ones = [_positions(rows.part(0, 1)) for rows in (sources, probes)]
    return max(
        1, how.workspace // (2 * sum(one.inputs.numel() + one.grads.numel() for one in ones))
    )


def _runs(length: int, largest: int) -> Iterator[slice]:
    for start in range(0, length, largest):
        yield slice(start, min(start + largest, length))


def _add_rank_one_products(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction
) -> None:
    """Add products of gradients at one position: those of inputs times those at outputs."""
    ours, theirs = _positions(sources), _positions(probes)
    inputs, other_inputs = ours.inputs[:, 0, 0], theirs.inputs[:, 0, 0]
    grads, other_grads = ours.grads[:, :, 0, 0].flatten(1), theirs.grads[:, :, 0, 0].flatten(1)
    for rows, columns in _cut(sources, probes, how):
        product = _input_products(inputs[rows], other_inputs[columns], has_bias=ours.has_bias)
        block[rows, columns].addcmul_(product, grads[rows] @ other_grads[columns].T)


def _is_rank_one(rows: LayerRows, how: Contraction) -> bool:
    """Whether each gradient is an input times an output gradient, and all inputs may be held."""
    one = _positions(rows.part(0, 1))
    is_held = 4 * rows.num_examples * how.num_patches <= how.workspace
    return one.inputs.shape[2] == 1 and not one.is_one_hot and is_held


def _cut(sources: LayerRows, probes: LayerRows, how: Contraction) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the parts of a block that fit in the workspace."""
    is_symmetric = sources is probes
    slab, height = _sides(_numbers_of_a_pair(sources, probes), sources.num_examples, how)
    slab, height = min(slab, _CACHED_PROBES), min(height, max(_CACHED_SOURCES, slab))
    for start, stop in slabs(probes.num_examples, is_symmetric=is_symmetric, largest=slab):
        for offset in range(start if is_symmetric else 0, sources.num_examples, height):
            yield slice(offset, min(offset + height, sources.num_examples)), slice(start, stop)


def _sides(numbers_of_a_pair: int, num_sources: int, how: Contraction) -> tuple[int, int]:
    """Probes and sources of a block whose products and patches fit in the workspace."""
    patches = max(how.num_patches, 1)
    largest = max(1, how.workspace // (4 * patches))
    height = max(1, min(num_sources, largest, how.workspace // (2 * numbers_of_a_pair)))
    slab = max(1, min(largest, how.workspace // (2 * numbers_of_a_pair * height)))
    return slab, height


def _positions(rows: LayerRows) -> Positions:
    positions = rows.positions()
    if positions is None:
        message = "a layer without factors was sent on the positions route"
        raise AssertionError(message)
    return positions


def _numbers_of_a_pair(sources: LayerRows, probes: LayerRows) -> int:
    """Numbers that the products of one pair of examples take while they are summed."""
    ours, theirs = _positions(sources.part(0, 1)), _positions(probes.part(0, 1))
    return 3 * ours.inputs.shape[2] * theirs.inputs.shape[2]


def _add_pairs(target: Tensor, ours: Positions, theirs: Positions, how: Contraction) -> None:
    """Add products of all pairs; of a set with itself those on and below the diagonal will do."""
    side = isqrt(min(_CACHED_PRODUCTS, how.workspace // 3))
    heights, widths = (max(1, side // each.inputs.shape[2]) for each in (ours, theirs))
    for group in range(ours.grads.shape[2]):
        left, right = _flatten(ours, group, how), _flatten(theirs, group, how)
        for rows in _runs(len(ours.inputs), heights):
            for columns in _runs(len(theirs.inputs), widths):
                if ours is theirs and rows.stop <= columns.start:
                    break
                inputs = _multiply_inputs(ours, theirs, (group, rows, columns))
                for k, one in enumerate(left):
                    for other, another in enumerate(right):
                        part = (
                            target[rows, columns]
                            if how.is_traced
                            else target[rows, k, columns, other]
                        )
                        _add_sum(part, inputs, one[rows], another[columns])


def _flatten(positions: Positions, group: int, how: Contraction) -> list[Tensor]:
    """Gradients of a group, ``(example, t, output)``; side by side if only their sum is wanted."""
    grads = positions.grads[:, :, group]
    return [grads.movedim(1, 2).flatten(2)] if how.is_traced else list(grads.unbind(1))


def _multiply_inputs(ours: Positions, theirs: Positions, which: tuple[int, slice, slice]) -> Tensor:
    """Products of the inputs of a group, ``(source · t, probe · u)``."""
    group, rows, columns = which
    left, right = (
        ours.inputs[rows, group].flatten(0, 1),
        theirs.inputs[columns, group].flatten(0, 1),
    )
    if ours.is_one_hot:
        return _same_tokens(left, right).to(ours.grads.dtype)
    return _input_products(left, right, has_bias=ours.has_bias)


def _add_sum(target: Tensor, inputs: Tensor, left: Tensor, right: Tensor) -> None:
    """Add ``Σ_tu inputs[s,t,p,u] (left[s,t] · right[p,u])``."""
    product = (left.flatten(0, 1) @ right.flatten(0, 1).T).mul_(inputs)
    shape = (len(left), left.shape[1], len(right), right.shape[1])
    target.add_(product.view(shape).sum((1, 3)))


def _input_products(left: Tensor, right: Tensor, *, has_bias: bool) -> Tensor:
    """Products of inputs, ``(source · t, probe · u)``."""
    product = left @ right.T
    return product.add_(1) if has_bias else product


def _same_tokens(left: Tensor, right: Tensor) -> Tensor:
    """Which tokens are the same and no padding, ``(source · t, probe · u)``."""
    return (left == right.T) & (left >= 0)


def self_products(rows: LayerRows, others: LayerRows, how: Contraction) -> Tensor:
    """Inner products of each example's gradients in one set of rows with its own in another.

    Args:
        rows: Rows with K cotangents.
        others: Rows with L cotangents of the same examples.
        how: The route.

    Returns:
        ``(example, K, L)``.
    """
    num_k, num_l = rows.num_cotangents, others.num_cotangents
    is_formed = how.route == "gradients" or isinstance(rows, DenseRows)
    size = how.num_parameters if is_formed else _numbers_of_a_pair(rows, others)
    step = max(1, how.workspace // (2 * size * num_k * num_l))
    parts = []
    for start in range(0, rows.num_examples, step):
        ours, theirs = rows.part(start, start + step), others.part(start, start + step)
        if not is_formed:
            parts.append(_self_positions(ours, theirs))
            continue
        products = [
            [torch.linalg.vecdot(ours.gradients(k), theirs.gradients(j)) for j in range(num_l)]
            for k in range(num_k)
        ]
        parts.append(torch.stack([torch.stack(row, 1) for row in products], 1))
    return torch.cat(parts)


def _self_positions(ours: LayerRows, theirs: LayerRows) -> Tensor:
    left, right = _positions(ours), _positions(theirs)
    if left.is_one_hot:
        inputs = ((left.inputs == right.inputs.mT) & (left.inputs >= 0)).to(left.grads.dtype)
    else:
        inputs = left.inputs @ right.inputs.mT
        inputs = inputs.add_(1) if left.has_bias else inputs
    grads = torch.einsum("nkgto,nlguo->nklgtu", left.grads, right.grads)
    return torch.einsum("ngtu,nklgtu->nkl", inputs, grads)
