"""Convolutions in every setting, and what they are part of."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.case import Case, Written, normal, parameter, with_head


def _conv(name: str, make: Callable[[], nn.Module], *shape: int) -> Case:
    return Case(f"conv-{name}", lambda: with_head(make(), *shape), normal(*shape))


def _folded_time(m: Written, x: Tensor) -> Tensor:
    frames = m.conv(x.flatten(0, 1)).tanh()
    return m.head(frames.unflatten(0, x.shape[:2]).flatten(1))


def _module_and_function(m: Written, x: Tensor) -> Tensor:
    by_function = functional.conv2d(x, m.conv.weight, stride=2)
    return m.head(torch.cat([m.conv(x).flatten(1), by_function.flatten(1)], 1).tanh())


def _two_sizes(m: Written, x: Tensor) -> Tensor:
    fine, coarse = m.conv(x), m.conv(functional.avg_pool2d(x, 2))
    return m.head(torch.cat([fine.flatten(1), coarse.flatten(1)], 1).tanh())


CASES = [
    _conv("1d", lambda: nn.Conv1d(3, 4, 3), 3, 8),
    _conv("1d-strided", lambda: nn.Conv1d(3, 4, 3, stride=2, padding=1), 3, 9),
    _conv("1d-circular", lambda: nn.Conv1d(2, 4, 3, padding=1, padding_mode="circular"), 2, 6),
    _conv("1d-same", lambda: nn.Conv1d(2, 4, 4, padding="same", dilation=2), 2, 9),
    _conv("1d-groups", lambda: nn.Conv1d(4, 6, 3, groups=2, bias=False), 4, 7),
    _conv("2d", lambda: nn.Conv2d(2, 4, 3, padding=1), 2, 6, 6),
    _conv("2d-one-by-one", lambda: nn.Conv2d(3, 4, 1), 3, 4, 4),
    _conv("2d-whole-image", lambda: nn.Conv2d(3, 4, (4, 5)), 3, 4, 5),
    _conv("2d-strided-odd", lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1), 2, 7, 5),
    _conv("2d-stride-leaves-rest", lambda: nn.Conv2d(2, 4, 2, stride=3), 2, 7, 9),
    _conv("2d-unequal", lambda: nn.Conv2d(2, 3, (3, 2), (2, 1), (0, 1), (1, 2)), 2, 8, 6),
    _conv("2d-dilated", lambda: nn.Conv2d(2, 4, 3, padding=2, dilation=2), 2, 6, 6),
    _conv("2d-same", lambda: nn.Conv2d(2, 4, (2, 3), padding="same", bias=False), 2, 5, 6),
    _conv(
        "2d-same-even-dilated", lambda: nn.Conv2d(2, 3, 4, padding="same", dilation=(1, 2)), 2, 7, 8
    ),
    _conv("2d-valid", lambda: nn.Conv2d(2, 4, 3, padding="valid"), 2, 6, 5),
    _conv("2d-circular", lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), 2, 5, 6),
    _conv(
        "2d-reflect", lambda: nn.Conv2d(2, 3, 3, padding=(2, 1), padding_mode="reflect"), 2, 5, 6
    ),
    _conv(
        "2d-replicate-strided",
        lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1, padding_mode="replicate"),
        2,
        5,
        6,
    ),
    _conv("2d-groups", lambda: nn.Conv2d(4, 6, 3, groups=2, padding=1), 4, 5, 5),
    _conv(
        "2d-groups-strided",
        lambda: nn.Conv2d(6, 3, 3, groups=3, stride=2, dilation=2, padding=2),
        6,
        7,
        7,
    ),
    _conv("2d-depthwise", lambda: nn.Conv2d(3, 6, 3, groups=3, padding=1), 3, 5, 5),
    _conv("2d-no-bias", lambda: nn.Conv2d(2, 4, 3, bias=False), 2, 6, 6),
    _conv(
        "2d-channels-last",
        lambda: nn.Conv2d(3, 4, 3, padding=1).to(memory_format=torch.channels_last),
        3,
        5,
        5,
    ),
    _conv("3d", lambda: nn.Conv3d(2, 3, (2, 3, 3), padding=(0, 1, 1)), 2, 3, 4, 4),
    _conv("1d-transposed", lambda: nn.ConvTranspose1d(3, 2, 3, stride=2), 3, 5),
    _conv(
        "2d-transposed",
        lambda: nn.ConvTranspose2d(4, 4, 3, 2, 1, output_padding=1, groups=2),
        4,
        3,
        4,
    ),
    _conv("2d-twice", lambda: _twice(nn.Conv2d(3, 3, 3, padding=1)), 3, 5, 5),
    _conv(
        "2d-transposed-image-axes",
        lambda: Written(lambda m, x: m.conv(x.mT), conv=nn.Conv2d(2, 3, 3)),
        2,
        5,
        6,
    ),
    _conv(
        "2d-filters-from-parameter",
        lambda: Written(
            lambda m, x: functional.conv2d(x, m.filters, padding=1), filters=parameter(4, 2, 3, 3)
        ),
        2,
        5,
        5,
    ),
    Case(
        "conv-2d-folded-time",
        lambda: Written(_folded_time, conv=nn.Conv2d(2, 3, 3), head=nn.Linear(3 * 3 * 6, 2)),
        normal(3, 2, 4, 5),
    ),
    Case(
        "conv-2d-folded-time-as-many-frames-as-examples",
        lambda: Written(_folded_time, conv=nn.Conv2d(1, 3, 3), head=nn.Linear(4 * 3 * 4, 2)),
        normal(4, 1, 4, 4),
    ),
    Case(
        "conv-2d-module-and-function",
        lambda: Written(
            _module_and_function, conv=nn.Conv2d(2, 3, 3), head=nn.Linear(3 * 9 + 3 * 4, 2)
        ),
        normal(2, 5, 5),
    ),
    Case(
        "conv-2d-two-sizes",
        lambda: Written(_two_sizes, conv=nn.Conv2d(2, 3, 3, padding=1), head=nn.Linear(3 * 20, 2)),
        normal(2, 4, 4),
    ),
]


def _twice(layer: nn.Module) -> nn.Module:
    return nn.Sequential(layer, nn.Tanh(), layer)
