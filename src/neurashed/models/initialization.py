"""PyTorch's default initialization, drawn from an explicit generator."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from neurashed.errors import InputError

__all__ = ["initialize"]


def _draw(parameter: Tensor, generator: torch.Generator, law: Callable[[Tensor], object]) -> None:
    """Draw where the generator lives, so that every device gets the same numbers."""
    if parameter.is_meta:
        return
    drawn = torch.empty_like(parameter, device=generator.device, requires_grad=False)
    law(drawn)
    with torch.no_grad():
        parameter.copy_(drawn)


def _draw_uniform_fan_in(module: nn.Module, generator: torch.Generator) -> None:
    weight = module.get_parameter("weight")
    _draw(
        weight,
        generator,
        # PyTorch's own way to write a uniform law within 1 / sqrt(fan_in); the same call, for the
        # same rounding.
        lambda drawn: nn.init.kaiming_uniform_(drawn, a=math.sqrt(5), generator=generator),
    )
    if module.bias is not None:
        bound = 1 / math.sqrt(weight[0].numel())
        _draw(
            module.get_parameter("bias"),
            generator,
            lambda drawn: nn.init.uniform_(drawn, -bound, bound, generator=generator),
        )


def _draw_normal(module: nn.Module, generator: torch.Generator) -> None:
    weight = module.get_parameter("weight")
    _draw(weight, generator, lambda drawn: nn.init.normal_(drawn, generator=generator))
    if isinstance(module.padding_idx, int):
        with torch.no_grad():
            weight[module.padding_idx].zero_()


def _reset(module: nn.Module, generator: torch.Generator) -> None:  # noqa: ARG001
    """Normalization layers start from constants, so their own method draws nothing."""
    module.reset_parameters()  # pyright: ignore[reportCallIssue]


_CONVOLUTIONS = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_NORMALIZATIONS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.GroupNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.LayerNorm,
    nn.RMSNorm,
)
_LAWS = (
    ((nn.Linear, *_CONVOLUTIONS), _draw_uniform_fan_in),
    ((nn.Embedding, nn.EmbeddingBag), _draw_normal),
    (_NORMALIZATIONS, _reset),
)


def initialize(model: nn.Module, generator: torch.Generator) -> None:
    """Draw every parameter of a model anew, by PyTorch's default law for its layer.

    Linear and convolution layers are uniform within ``1/sqrt(fan_in)``, embeddings are standard
    normal, and normalization layers start at one and zero with fresh running statistics. The
    numbers depend on the generator alone, not on the device of the model.

    Args:
        model: The model, changed in place.
        generator: Where the numbers come from.

    Raises:
        InputError: If a layer of another kind has parameters.

    Example:
        >>> layer = nn.Linear(3, 2)
        >>> initialize(layer, torch.Generator().manual_seed(0))
        >>> bool((layer.weight.abs() <= 3**-0.5).all())
        True
    """
    for name, module in model.named_modules():
        law = next((law for kinds, law in _LAWS if isinstance(module, kinds)), None)
        if law is not None:
            law(module, generator)
        elif next(module.parameters(recurse=False), None) is not None:
            message = (
                f"cannot initialize layer {name or 'model'!r} of type {type(module).__name__}: "
                "only linear, convolution, embedding and normalization layers have a law here; "
                "initialize it in the model's own code"
            )
            raise InputError(message)
