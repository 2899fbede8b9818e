"""Sequences: embeddings, attention, recurrence, and axes in unusual places."""

from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.case import CLASSIFIER, Case, Written, classes, fields, normal, parameter, tokens

VOCABULARY = 7
WIDTH = 6


def _embedding() -> nn.Embedding:
    return nn.Embedding(VOCABULARY, WIDTH)


def _embedded(body: nn.Module, embedding: nn.Module | None = None) -> nn.Module:
    """Return embedding, body, and a head that reads every position."""
    return Written(
        lambda m, x: m.head(m.body(m.embedding(x)).tanh().flatten(1)),
        embedding=embedding or _embedding(),
        body=body,
        head=nn.Linear(4 * WIDTH, 2),
    )


def _tied_head(m: Written, x: Tensor) -> Tensor:
    return m.decoder(m.body(m.embedding(x).mean(1)).tanh())


def _tied() -> nn.Module:
    decoder = nn.Linear(WIDTH, VOCABULARY)
    embedding = _embedding()
    decoder.weight = embedding.weight
    return Written(_tied_head, embedding=embedding, body=nn.Linear(WIDTH, WIDTH), decoder=decoder)


def _with_positions(m: Written, x: Tensor) -> Tensor:
    positions = m.positions(torch.arange(x.shape[1], device=x.device))
    return m.head((m.embedding(x) + positions).tanh().flatten(1))


def _with_class_token(m: Written, x: Tensor) -> Tensor:
    start = m.start.expand(len(x), -1, -1)
    sequence = torch.cat([start, x], 1) + m.places
    return m.head(m.body(sequence).tanh()[:, 0] + sequence.sin().sum(1))


def _folded(m: Written, x: Tensor) -> Tensor:
    return m.head(m.body(x.flatten(0, 1)).tanh().unflatten(0, x.shape[:2]).flatten(1))


def _example_second(m: Written, x: Tensor) -> Tensor:
    return m.head(m.body(x.transpose(0, 1)).tanh().transpose(0, 1).flatten(1))


def _last_axis_moved(m: Written, x: Tensor) -> Tensor:
    return m.head(m.body(x.mT).tanh().flatten(1))


def _attend(m: Written, x: Tensor) -> Tensor:
    attended, _ = m.attention(x, x, x)
    return attended


def _attend_second(m: Written, x: Tensor) -> Tensor:
    y = x.transpose(0, 1)
    attended, _ = m.attention(y, y, y, need_weights=False)
    return attended.transpose(0, 1)


def _attend_by_hand(m: Written, x: Tensor) -> Tensor:
    heads = m.fused(x).unflatten(-1, (3, 2, WIDTH // 2)).permute(2, 0, 3, 1, 4)
    attended = functional.scaled_dot_product_attention(*heads, is_causal=True)
    return m.out(attended.transpose(1, 2).flatten(2))


def _encoder(*, norm_first: bool = False) -> nn.Module:
    return nn.TransformerEncoderLayer(
        WIDTH, 2, 8, 0.0, "gelu", batch_first=True, norm_first=norm_first
    )


def _first_of(recurrent: nn.Module) -> nn.Module:
    return Written(lambda m, x: m.recurrent(x)[0], recurrent=recurrent)


def _masked(m: Written, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
    kept = attention_mask.bool().unsqueeze(-1)
    hidden = m.body(m.embedding(input_ids)).masked_fill(~kept, 0).sum(1)
    return SimpleNamespace(logits=m.head(hidden.tanh()))


TOKENS = tokens(VOCABULARY, 4)

CASES = [
    Case("embedding", lambda: _embedded(nn.Identity()), TOKENS),
    Case(
        "embedding-padded",
        lambda: _embedded(nn.Linear(WIDTH, WIDTH), nn.Embedding(VOCABULARY, WIDTH, padding_idx=2)),
        TOKENS,
    ),
    Case(
        "embedding-sparse",
        lambda: _embedded(nn.Identity(), nn.Embedding(VOCABULARY, WIDTH, sparse=True)),
        TOKENS,
    ),
    Case(
        "embedding-repeated-tokens",
        lambda: Written(
            lambda m, x: m.head(m.embedding(x).tanh().sum(1)),
            embedding=nn.Embedding(2, WIDTH),
            head=nn.Linear(WIDTH, 2),
        ),
        tokens(2, 5),
    ),
    Case(
        "embedding-one-token",
        lambda: Written(
            lambda m, x: m.head(m.embedding(x[:, 0]).tanh()),
            embedding=_embedding(),
            head=nn.Linear(WIDTH, 2),
        ),
        TOKENS,
    ),
    Case(
        "embedding-bag",
        lambda: nn.Sequential(
            nn.EmbeddingBag(VOCABULARY, WIDTH, mode="mean"), nn.Tanh(), nn.Linear(WIDTH, 2)
        ),
        TOKENS,
    ),
    Case(
        "embedding-tied-to-decoder", _tied, TOKENS, classes(VOCABULARY), "cross_entropy", CLASSIFIER
    ),
    Case(
        "positions-as-many-as-examples",
        lambda: Written(
            _with_positions,
            embedding=_embedding(),
            positions=nn.Embedding(4, WIDTH),
            head=nn.Linear(4 * WIDTH, 2),
        ),
        TOKENS,
    ),
    Case(
        "positions-more-than-examples",
        lambda: Written(
            _with_positions,
            embedding=_embedding(),
            positions=nn.Embedding(9, WIDTH),
            head=nn.Linear(4 * WIDTH, 2),
        ),
        TOKENS,
        num_examples=3,
    ),
    Case(
        "class-token",
        lambda: Written(
            _with_class_token,
            start=parameter(1, 1, WIDTH),
            places=parameter(1, 5, WIDTH),
            body=_encoder(),
            head=nn.Linear(WIDTH, 2),
        ),
        normal(4, WIDTH),
    ),
    Case(
        "linear-on-sequence",
        lambda: nn.Sequential(
            nn.Linear(5, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 3), nn.Flatten(), nn.Linear(9, 2)
        ),
        normal(3, 5),
    ),
    Case(
        "linear-on-sequence-no-bias",
        lambda: nn.Sequential(
            nn.Linear(5, WIDTH, bias=False), nn.Tanh(), nn.Flatten(), nn.Linear(3 * WIDTH, 2)
        ),
        normal(3, 5),
    ),
    Case(
        "linear-on-grid",
        lambda: nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Flatten(), nn.Linear(2 * 3 * 4, 2)),
        normal(2, 3, 5),
    ),
    Case(
        "linear-on-folded-sequence",
        lambda: Written(_folded, body=nn.Linear(5, WIDTH), head=nn.Linear(3 * WIDTH, 2)),
        normal(3, 5),
    ),
    Case(
        "linear-with-example-second",
        lambda: Written(_example_second, body=nn.Linear(5, WIDTH), head=nn.Linear(3 * WIDTH, 2)),
        normal(3, 5),
    ),
    Case(
        "linear-with-example-second-as-long-as-examples",
        lambda: Written(_example_second, body=nn.Linear(5, WIDTH), head=nn.Linear(4 * WIDTH, 2)),
        normal(4, 5),
    ),
    Case(
        "linear-on-other-axis",
        lambda: Written(_last_axis_moved, body=nn.Linear(3, 4), head=nn.Linear(20, 2)),
        normal(3, 5),
    ),
    Case(
        "output-of-every-position",
        lambda: nn.Sequential(nn.Linear(5, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 2)),
        normal(3, 5),
        normal(3, 2),
    ),
    Case(
        "attention",
        lambda: _embedded(
            Written(_attend, attention=nn.MultiheadAttention(WIDTH, 2, batch_first=True))
        ),
        TOKENS,
    ),
    Case(
        "attention-with-example-second",
        lambda: _embedded(Written(_attend_second, attention=nn.MultiheadAttention(WIDTH, 2))),
        TOKENS,
    ),
    Case(
        "attention-by-hand",
        lambda: _embedded(
            Written(_attend_by_hand, fused=nn.Linear(WIDTH, 3 * WIDTH), out=nn.Linear(WIDTH, WIDTH))
        ),
        TOKENS,
    ),
    Case("transformer-layer", lambda: _embedded(_encoder()), TOKENS),
    Case("transformer-layer-norm-first", lambda: _embedded(_encoder(norm_first=True)), TOKENS),
    Case("lstm", lambda: _embedded(_first_of(nn.LSTM(WIDTH, WIDTH, batch_first=True))), TOKENS),
    Case(
        "gru",
        lambda: _embedded(_first_of(nn.GRU(WIDTH, 3, batch_first=True, bidirectional=True))),
        TOKENS,
    ),
    Case(
        "dict-with-mask",
        lambda: Written(
            _masked, embedding=_embedding(), body=nn.Linear(WIDTH, WIDTH), head=nn.Linear(WIDTH, 3)
        ),
        fields(input_ids=TOKENS, attention_mask=tokens(2, 4)),
        classes(3),
        "cross_entropy",
        CLASSIFIER,
    ),
]
