"""Inner products of per-example gradients, one layer at a time.

For factors ``Σ_t d_t ⊗ a_t`` the inner product of two gradients is
``Σ_tu (a_t · a'_u)(d_t · d'_u)``; with one position this is the entrywise product of two Gram
matrices. The other route forms the layer's gradients and multiplies them. Both give the same.

A block is ``(source, probe)`` for the trace over cotangents, which pairs cotangent k of the source
with cotangent k of the probe, and ``(source, source cotangent, probe, probe cotangent)`` in full.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from neurashed.engine.layer_rows import LayerRows, Positions

__all__ = ["Contraction", "add_products", "mirror", "self_products"]

# Slabs per symmetric block: more slabs skip more of the upper half, fewer make larger products.
# They stand upright, and as wide as a few panels of the matrix-product kernels, which are 48 wide.
_NUM_SLABS = 7
_PANEL = 48
# Rows and columns mirrored in one go: small enough for the processor's nearest cache.
_MIRRORED = 128
# Input patches and gradients formed in one go: more would leave the processor's cache.
_NUMBERS_FORMED_AT_A_TIME = 2**21


@dataclass(frozen=True)
class Contraction:
    """How the products of one layer are computed.

    Attributes:
        route: ``"positions"`` (products of inputs times products of output gradients) or
            ``"gradients"`` (the layer's gradients are formed and multiplied).
        workspace: Numbers that may be held at a time.
        is_traced: Whether the sum over cotangents is wanted, not all pairs of them.
        num_parameters: Numbers in one gradient of the layer.
        num_patches: Numbers in the inputs of all positions of one example.
    """

    route: str
    workspace: int
    is_traced: bool
    num_parameters: int
    num_patches: int


def _slabs(rows: int, *, is_symmetric: bool, largest: int) -> Iterator[tuple[int, int]]:
    size = rows
    if is_symmetric:
        size = _PANEL * -(-rows // (_NUM_SLABS * _PANEL))
    size = max(1, min(size, largest))
    for start in range(0, rows, size):
        yield start, min(start + size, rows)


def add_products(block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction) -> None:
    """Add a layer's inner products to a block.

    Args:
        block: ``(source, probe)`` if traced, else ``(source, k, probe, l)``. If sources and probes
            are the same rows only the part on and below the diagonal is meant; see `mirror`.
        sources: Rows of the layer for the sources.
        probes: Rows of the layer for the probes.
        how: The route.
    """
    if how.route == "positions":
        _add_position_products(block, sources, probes, how)
    else:
        _add_gradient_products(block, sources, probes, how)


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


def _add_gradient_products(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction
) -> None:
    is_symmetric = sources is probes
    rows_held = sources.num_examples + (0 if is_symmetric else probes.num_examples)
    if how.is_traced:
        for k in range(sources.num_cotangents):
            if is_symmetric and rows_held * how.num_parameters <= how.workspace:
                _add_symmetric(block, _form(sources, k, how))
            else:
                _add_in_parts(block, sources, probes, (k, k), how)
    elif rows_held * sources.num_cotangents * how.num_parameters <= how.workspace:
        ours = _form_all(sources, how)
        theirs = ours if is_symmetric else _form_all(probes, how)
        block.flatten(2).flatten(0, 1).addmm_(ours, theirs.T)
    else:
        for k in range(sources.num_cotangents):
            for other in range(probes.num_cotangents):
                _add_in_parts(block[:, k, :, other], sources, probes, (k, other), how)


def _form(rows: LayerRows, cotangent: int, how: Contraction) -> Tensor:
    """Gradients of one cotangent, ``(example, P)``, formed for few examples at a time."""
    step = max(1, _NUMBERS_FORMED_AT_A_TIME // max(how.num_patches + how.num_parameters, 1))
    if rows.num_examples <= step or not how.num_patches:
        return rows.gradients(cotangent)
    formed = rows.part(0, 1).gradients(cotangent).new_empty(rows.num_examples, how.num_parameters)
    for start in range(0, rows.num_examples, step):
        stop = min(start + step, rows.num_examples)
        rows.part(start, stop).write_gradients(cotangent, formed[start:stop])
    return formed


def _form_all(rows: LayerRows, how: Contraction) -> Tensor:
    """Gradients of all cotangents, ``(example · cotangent, P)``."""
    formed = [_form(rows, k, how) for k in range(rows.num_cotangents)]
    return torch.stack(formed, 1).flatten(0, 1)


def _add_in_parts(
    target: Tensor,
    sources: LayerRows,
    probes: LayerRows,
    cotangents: tuple[int, int],
    how: Contraction,
) -> None:
    """Add products of one pair of cotangents, holding the gradients of two runs of examples."""
    largest = max(1, how.workspace // (2 * how.num_parameters))
    is_symmetric = sources is probes
    for start in range(0, probes.num_examples, largest):
        stop = min(start + largest, probes.num_examples)
        columns = _form(probes.part(start, stop), cotangents[1], how)
        for offset in range(start if is_symmetric else 0, sources.num_examples, largest):
            end = min(offset + largest, sources.num_examples)
            is_same = is_symmetric and offset == start and cotangents[0] == cotangents[1]
            rows = columns if is_same else _form(sources.part(offset, end), cotangents[0], how)
            target[offset:end, start:stop].addmm_(rows, columns.T)


def _add_symmetric(block: Tensor, rows: Tensor) -> None:
    for start, stop in _slabs(len(rows), is_symmetric=True, largest=len(rows)):
        block[start:, start:stop].addmm_(rows[start:], rows[start:stop].T)


def _add_position_products(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction
) -> None:
    if how.is_traced and _is_rank_one(sources, how) and _is_rank_one(probes, how):
        _add_rank_one_products(block, sources, probes, how)
        return
    for rows, columns in _cut(sources, probes, how):
        ours = _positions(sources.part(rows.start, rows.stop))
        theirs = _positions(probes.part(columns.start, columns.stop))
        target = block[rows, columns] if how.is_traced else block[rows, :, columns]
        _add_pairs(target, ours, theirs, how)


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
    for start, stop in _slabs(probes.num_examples, is_symmetric=is_symmetric, largest=slab):
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
    for group in range(ours.grads.shape[2]):
        left, right = ours.inputs[:, group].flatten(0, 1), theirs.inputs[:, group].flatten(0, 1)
        if ours.is_one_hot:
            inputs = _same_tokens(left, right).to(ours.grads.dtype)
        else:
            inputs = _input_products(left, right, has_bias=ours.has_bias)
        if how.is_traced:
            left = ours.grads[:, :, group].movedim(1, 2).flatten(2)
            right = theirs.grads[:, :, group].movedim(1, 2).flatten(2)
            _add_sum(target, inputs, left, right)
        else:
            for k in range(ours.grads.shape[1]):
                for other in range(theirs.grads.shape[1]):
                    left, right = ours.grads[:, k, group], theirs.grads[:, other, group]
                    _add_sum(target[:, k, :, other], inputs, left, right)


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
    size = how.num_parameters if how.route == "gradients" else _numbers_of_a_pair(rows, others)
    step = max(1, how.workspace // (2 * size * num_k * num_l))
    parts = []
    for start in range(0, rows.num_examples, step):
        ours, theirs = rows.part(start, start + step), others.part(start, start + step)
        if how.route == "positions":
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
