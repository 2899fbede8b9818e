"""Inner products of per-example gradients, one layer at a time.

For factors ``Σ_t d_t ⊗ a_t`` the inner product of two gradients is
``Σ_tu (a_t · a'_u)(d_t · d'_u)``; with one position this is the entrywise product of two Gram
matrices. The other route forms the layer's gradients and multiplies them. Both give the same.

A block is ``(source, probe)`` for the trace over cotangents, which pairs cotangent k of the source
with cotangent k of the probe, and ``(source, source cotangent, probe, probe cotangent)`` in full.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from neurashed.engine.cutting import Contraction, slabs
from neurashed.engine.gradient_products import add_gradient_products
from neurashed.engine.layer_rows import LayerRows, Positions
from neurashed.engine.operands import Operand, TokenOperand
from neurashed.engine.rows import DenseRows

__all__ = ["Contraction", "add_products", "self_products"]

# Sources and probes multiplied in one go where products of inputs and of gradients meet entry by
# entry: both stay in the processor's last cache, and are large enough for its matrix products.
_CACHED_SOURCES = 2048
_CACHED_PROBES = 1024
# Products of pairs of positions held at a time: with two such blocks a core works in its cache.
_CACHED_PRODUCTS = 2**20


def add_products(block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction) -> None:
    """Add a layer's inner products to a block.

    Args:
        block: ``(source, probe)`` if traced, else ``(source, k, probe, l)``. If sources and probes
            are the same rows only the part on and below the diagonal is meant; see `mirroring`.
        sources: Rows of the layer for the sources.
        probes: Rows of the layer for the probes.
        how: The route.
    """
    uses_positions = how.route == "positions" and not isinstance(sources, DenseRows)
    counts = [_count_rows(rows, how, uses_positions=uses_positions) for rows in (sources, probes)]
    how = how.for_rows(*counts)
    if uses_positions:
        _add_position_products(block, sources, probes, how)
    else:
        add_gradient_products(block, sources, probes, how)


def _count_rows(rows: LayerRows, how: Contraction, *, uses_positions: bool) -> int:
    """Rows of the matrices that are multiplied."""
    each = 1 if how.is_traced else rows.num_cotangents
    if uses_positions:
        each *= _positions(rows.part(0, 1)).inputs.shape[2]
    return rows.num_examples * each


def _add_position_products(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction
) -> None:
    if _are_rank_one(sources, probes, how):
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
    numbers = sum(one.inputs.numel() + one.grads.numel() for one in ones)
    return max(1, how.workspace // ((1 + how.copies) * numbers))


def _runs(length: int, largest: int) -> Iterator[slice]:
    for start in range(0, length, largest):
        yield slice(start, min(start + largest, length))


def _add_rank_one_products(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction
) -> None:
    """Add products of gradients at one position: those of inputs times those at outputs."""
    is_symmetric = sources is probes
    ours = _make_sides(_positions(sources), how)
    theirs = ours if is_symmetric else _make_sides(_positions(probes), how)
    (inputs, grads, num_k), (other_inputs, other_grads, num_l) = ours, theirs
    has_bias = _positions(sources.part(0, 1)).has_bias
    for rows, columns in _cut(sources, probes, how):
        products = inputs[rows].times(other_inputs[columns])
        products = products.add_(1) if has_bias else products
        left, right = grads[_scaled(rows, num_k)], other_grads[_scaled(columns, num_l)]
        if how.is_traced:
            block[rows, columns].addcmul_(products, left.times(right))
        else:
            of_all = left.times(right).view(len(products), num_k, -1, num_l)
            block[rows, :, columns].addcmul_(products[:, None, :, None], of_all)


def _make_sides(positions: Positions, how: Contraction) -> tuple[Operand, Operand, int]:
    """Inputs, gradients at outputs, and how many rows of these an example has."""
    grads = positions.grads[:, :, 0, 0]
    num_rows = 1 if how.is_traced else grads.shape[1]
    grads = grads.flatten(1) if how.is_traced else grads.flatten(0, 1)
    return how.operand(positions.inputs[:, 0, 0]), how.operand(grads), num_rows


def _scaled(run: slice, times: int) -> slice:
    return slice(run.start * times, run.stop * times)


def _are_rank_one(sources: LayerRows, probes: LayerRows, how: Contraction) -> bool:
    """Whether each gradient is an input times an output gradient, and all may be held."""
    sides = (sources,) if sources is probes else (sources, probes)
    ones = [_positions(rows.part(0, 1)) for rows in sides]
    if any(one.inputs.shape[2] > 1 or one.is_one_hot for one in ones):
        return False
    held = 4 * max(rows.num_examples for rows in sides) * how.num_patches
    if how.is_split:
        numbers = [one.inputs.numel() + one.grads.numel() for one in ones]
        held = sum(3 * n * rows.num_examples for n, rows in zip(numbers, sides, strict=True))
    return held <= how.workspace


def _cut(sources: LayerRows, probes: LayerRows, how: Contraction) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the parts of a block that fit in the workspace."""
    is_symmetric = sources is probes
    cotangents = 1 if how.is_traced else sources.num_cotangents * probes.num_cotangents
    width, height = _sides(2 * (1 + cotangents), how)
    for left in range(0, probes.num_examples, width):
        right = min(left + width, probes.num_examples)
        top = 0
        if is_symmetric:  # what is on the diagonal, and then what is below
            for start, stop in slabs(right - left, is_symmetric=True, largest=width):
                yield slice(left + start, right), slice(left + start, left + stop)
            top = right
        for offset in range(top, sources.num_examples, height):
            rows = slice(offset, min(offset + height, sources.num_examples))
            yield rows, slice(left, right)


def _sides(numbers_of_a_pair: int, how: Contraction) -> tuple[int, int]:
    """Probes and sources of a block whose products and patches fit in the workspace."""
    largest = max(1, how.workspace // (4 * max(how.num_patches, 1)))
    pairs = max(1, how.workspace // (2 * numbers_of_a_pair))
    height = max(1, min(_CACHED_SOURCES, largest, pairs))
    return max(1, min(_CACHED_PROBES, largest, pairs // height)), height


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
        left = _make_factors(ours, group, how)
        right = left if ours is theirs else _make_factors(theirs, group, how)
        for rows in _runs(len(ours.inputs), heights):
            for columns in _runs(len(theirs.inputs), widths):
                if ours is theirs and rows.stop <= columns.start:
                    break
                part = target[rows, columns] if how.is_traced else target[rows, :, columns]
                _add_sums(part, left, right, (rows, columns))


def _add_sums(
    target: Tensor, ours: "_Factors", theirs: "_Factors", which: tuple[slice, slice]
) -> None:
    """Add ``Σ_tu (a_t · a'_u)(d_t · d'_u)`` for some sources and probes."""
    rows, columns = which
    inputs = ours.input_products(theirs, rows, columns)
    heights = (rows.stop - rows.start, ours.num_positions)
    widths = (columns.stop - columns.start, theirs.num_positions)
    for k, one in enumerate(ours.grads):
        for other, another in enumerate(theirs.grads):
            products = one[ours.places(rows)].times(another[theirs.places(columns)])
            sums = products.mul_(inputs).view(*heights, *widths).sum((1, 3))
            part = target if target.ndim == 2 else target[:, k, :, other]
            part.add_(sums)


@dataclass(frozen=True)
class _Factors:
    """The factors of a group as sides of products.

    Attributes:
        inputs: ``(example · t, input)``.
        grads: By cotangent ``(example · t, output)``; those of all cotangents side by side if only
            the sum over them is wanted.
        num_positions: How many t.
        has_bias: Whether a bias acts as one more input that is always 1.
    """

    inputs: Operand
    grads: tuple[Operand, ...]
    num_positions: int
    has_bias: bool

    def places(self, examples: slice) -> slice:
        """Where the positions of some examples are."""
        return _scaled(examples, self.num_positions)

    def input_products(self, others: "_Factors", rows: slice, columns: slice) -> Tensor:
        """Products of inputs, ``(source · t, probe · u)``."""
        left, right = self.inputs[self.places(rows)], others.inputs[others.places(columns)]
        products = left.times(right)
        return products.add_(1) if self.has_bias else products


def _make_factors(positions: Positions, group: int, how: Contraction) -> _Factors:
    inputs = positions.inputs[:, group].flatten(0, 1)
    grads = positions.grads[:, :, group]
    sides = [grads.movedim(1, 2).flatten(2)] if how.is_traced else list(grads.unbind(1))
    return _Factors(
        TokenOperand(inputs, grads.dtype) if positions.is_one_hot else how.operand(inputs),
        tuple(how.operand(side.flatten(0, 1)) for side in sides),
        positions.inputs.shape[2],
        positions.has_bias,
    )


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
