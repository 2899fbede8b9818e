"""Small versions of whole networks."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.case import CLASSIFIER, Case, Written, classes, normal, parameter, tokens

Norm = Callable[[int], nn.Module]


def _conv(before: int, after: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, size, stride, padding=size // 2, bias=False)


def _residual(m: Written, x: Tensor) -> Tensor:
    hidden = m.second(m.act(m.norm_a(m.first(x))))
    return m.act(m.norm_b(hidden) + m.shortcut(x))


def _block(before: int, after: int, stride: int, norm: Norm, act: nn.Module) -> nn.Module:
    shortcut = nn.Sequential(_conv(before, after, 1, stride), norm(after))
    return Written(
        _residual,
        first=_conv(before, after, 3, stride),
        norm_a=norm(after),
        second=_conv(after, after),
        norm_b=norm(after),
        shortcut=nn.Identity() if (before, stride) == (after, 1) else shortcut,
        act=act,
    )


def _resnet(norm: Norm, act: nn.Module | None = None) -> nn.Module:
    act = act or nn.SiLU()
    return nn.Sequential(
        nn.Sequential(_conv(3, 4), norm(4), act),
        _block(4, 4, 1, norm, act),
        _block(4, 6, 2, norm, act),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3),
    )  # fmt: skip


def _u_net(m: Written, x: Tensor) -> Tensor:
    fine = m.down(x).tanh()
    coarse = m.bottom(functional.avg_pool2d(fine, 2)).tanh()
    return m.out(torch.cat([fine, m.up(coarse)], 1))


def _squeezed(m: Written, x: Tensor) -> Tensor:
    maps = m.conv(x)
    share = m.excite(m.squeeze(maps.mean((2, 3))).tanh()).sigmoid()
    return m.head((maps * share[:, :, None, None]).tanh().flatten(2).amax(2))


def _vision_transformer(m: Written, x: Tensor) -> Tensor:
    patches = m.patch(x).flatten(2).mT
    start = m.start.expand(len(x), -1, -1)
    return m.head(m.norm(m.body(torch.cat([start, patches], 1) + m.places))[:, 0])


def _language_model(m: Written, x: Tensor) -> Tensor:
    places = m.places(torch.arange(x.shape[1], device=x.device)[None])
    mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], x.device, places.dtype)
    return m.decoder(m.norm(m.body(m.embedding(x) + places, src_mask=mask, is_causal=True)[:, -1]))


def _language() -> nn.Module:
    embedding, decoder = nn.Embedding(9, 6), nn.Linear(6, 9, bias=False)
    decoder.weight = embedding.weight
    return Written(
        _language_model,
        embedding=embedding,
        places=nn.Embedding(5, 6),
        body=_encoder(),
        norm=nn.LayerNorm(6),
        decoder=decoder,
    )


def _encoder() -> nn.Module:
    return nn.TransformerEncoderLayer(6, 2, 8, 0.0, "gelu", batch_first=True, norm_first=True)


def _separable() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, groups=3, padding=1), nn.GELU(), nn.Conv2d(6, 4, 1), nn.GELU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip


def _autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(36, 5),
        nn.Linear(5, 36), nn.Tanh(), nn.Unflatten(1, (4, 3, 3)), nn.ConvTranspose2d(4, 1, 3, 2, 1),
    )  # fmt: skip


def _classifier(name: str, make: Callable[[], nn.Module], *shape: int, smooth: bool = True) -> Case:
    inputs, targets = normal(*shape), classes(3)
    return Case(name, make, inputs, targets, "cross_entropy", CLASSIFIER, is_smooth=smooth)


def _group(channels: int) -> nn.Module:
    return nn.GroupNorm(2, channels)


CASES = [
    _classifier("cnn", _cnn, 1, 8, 8, smooth=False),
    _classifier("resnet-group-norm", lambda: _resnet(_group), 3, 6, 6),
    _classifier("resnet-batch-norm", lambda: _resnet(nn.BatchNorm2d), 3, 6, 6),
    _classifier(
        "resnet-relu-inplace",
        lambda: _resnet(nn.BatchNorm2d, nn.ReLU(inplace=True)),
        3,
        6,
        6,
        smooth=False,
    ),
    _classifier("depthwise-separable", _separable, 3, 4, 4),
    _classifier(
        "squeeze-and-excite",
        lambda: Written(
            _squeezed,
            conv=nn.Conv2d(3, 4, 3),
            squeeze=nn.Linear(4, 2),
            excite=nn.Linear(2, 4),
            head=nn.Linear(4, 3),
        ),
        3,
        5,
        5,
        smooth=False,
    ),
    _classifier(
        "vision-transformer",
        lambda: Written(
            _vision_transformer,
            patch=nn.Conv2d(2, 6, 2, stride=2),
            start=parameter(1, 1, 6),
            places=parameter(1, 5, 6),
            body=_encoder(),
            norm=nn.LayerNorm(6),
            head=nn.Linear(6, 3),
        ),
        2,
        4,
        4,
    ),
    Case(
        "language-model",
        _language,
        tokens(9, 5),
        classes(9),
        "cross_entropy",
        CLASSIFIER,
        num_examples=5,
    ),
    Case(
        "u-net",
        lambda: Written(
            _u_net,
            down=nn.Conv2d(1, 3, 3, padding=1),
            bottom=nn.Conv2d(3, 4, 3, padding=1),
            up=nn.ConvTranspose2d(4, 3, 2, stride=2),
            out=nn.Conv2d(6, 1, 1),
        ),
        normal(1, 4, 4),
        normal(1, 4, 4),
    ),
    Case("autoencoder", _autoencoder, normal(1, 5, 5), normal(1, 5, 5)),
]
