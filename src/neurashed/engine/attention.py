"""Multi-head attention written as calls of known form.

`torch.nn.functional.multi_head_attention_forward` uses its projections inside one call, where they
cannot be seen. Written out, self-attention projects queries, keys and values by one linear call.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["attend", "is_plain_self_attention", "read_attention"]

_NAMES = (
    "query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight", "in_proj_bias",
    "bias_k", "bias_v", "add_zero_attn", "dropout_p", "out_proj_weight", "out_proj_bias",
    "training", "key_padding_mask", "need_weights", "attn_mask", "use_separate_proj_weight",
    "q_proj_weight", "k_proj_weight", "v_proj_weight", "static_k", "static_v",
    "average_attn_weights", "is_causal",
)  # fmt: skip
_DEFAULTS = {"training": True, "need_weights": True, "average_attn_weights": True}
_UNUSUAL = ("bias_k", "bias_v", "add_zero_attn", "use_separate_proj_weight", "static_k", "static_v")


def read_attention(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Name the arguments of a call of multi-head attention."""
    return {**dict.fromkeys(_NAMES), **_DEFAULTS, **dict(zip(_NAMES, args, strict=False)), **kwargs}


def is_plain_self_attention(given: Mapping[str, Any]) -> bool:
    """Whether a call is self-attention on a batch, without dropout or the unusual options."""
    query = given["query"]
    is_self = given["key"] is query and given["value"] is query
    has_dropout = bool(given["training"]) and bool(given["dropout_p"])
    is_unusual = any(given[name] not in {None, False} for name in _UNUSUAL)
    return is_self and query.ndim == 3 and not has_dropout and not is_unusual


def attend(given: Mapping[str, Any]) -> tuple[Tensor, Tensor | None]:
    """Compute plain self-attention, one linear call for all three projections.

    Args:
        given: The named arguments; the query is ``(position, example, feature)``.

    Returns:
        The output ``(position, example, feature)``, and the attention weights if they are wanted.
    """
    query, num_heads = given["query"], given["num_heads"]
    length, num_examples, width = query.shape
    projected = F.linear(query, given["in_proj_weight"], given["in_proj_bias"])
    heads = projected.view(length, num_examples, 3, num_heads, width // num_heads)
    queries, keys, values = heads.permute(2, 1, 3, 0, 4)
    scores = queries @ keys.mT * (width // num_heads) ** -0.5
    for mask in _masks(given, num_examples, num_heads, length):
        scores = scores.masked_fill(mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    weights = F.softmax(scores, -1)
    mixed = (weights @ values).permute(2, 0, 1, 3).reshape(length, num_examples, width)
    output = F.linear(mixed, given["out_proj_weight"], given["out_proj_bias"])
    if not given["need_weights"]:
        return output, None
    return output, weights.mean(1) if given["average_attn_weights"] else weights


def _masks(
    given: Mapping[str, Any], num_examples: int, num_heads: int, length: int
) -> list[Tensor]:
    """Masks in a shape that fits scores ``(example, head, position, position)``."""
    masks = []
    if given["attn_mask"] is not None:
        mask = given["attn_mask"]
        masks.append(mask.view(num_examples, num_heads, length, length) if mask.ndim == 3 else mask)
    if given["key_padding_mask"] is not None:
        masks.append(given["key_padding_mask"].view(num_examples, 1, 1, length))
    return masks
