"""The networks by name, for the command line."""

import difflib
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from neurashed.errors import InputError
from neurashed.models.autoencoder import Autoencoder
from neurashed.models.cnn import CNN
from neurashed.models.mlp import (
    MLP,
    three_layer_linear,
    three_layer_relu,
    two_layer_linear,
    two_layer_relu,
)
from neurashed.models.resnet import ResNet18
from neurashed.models.skip_mlp import SkipMLP
from neurashed.models.vgg import VGG19

__all__ = ["build_model", "model_names"]

_MODELS: dict[str, Callable[..., nn.Module]] = {
    "two_layer_relu": two_layer_relu,
    "two_layer_linear": two_layer_linear,
    "three_layer_relu": three_layer_relu,
    "three_layer_linear": three_layer_linear,
    "mlp": MLP,
    "cnn": CNN,
    "skip_mlp": SkipMLP,
    "autoencoder": Autoencoder,
    "resnet18": ResNet18,
    "vgg19": VGG19,
}


def model_names() -> tuple[str, ...]:
    """Return the names that `build_model` knows.

    Returns:
        The names, the simplest network first.
    """
    return tuple(_MODELS)


def build_model(
    name: str,
    *,
    generator: torch.Generator,
    **arguments: Any,  # noqa: ANN401
) -> nn.Module:
    """Build a network by name.

    Args:
        name: One of `model_names`.
        generator: Where the initial weights come from.
        arguments: Arguments of the network, such as ``num_inputs`` and ``width``.

    Returns:
        The network.

    Raises:
        InputError: If the name or an argument is unknown, or an argument is missing.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> model = build_model("two_layer_relu", generator=generator, num_inputs=64, width=8)
        >>> sum(parameter.numel() for parameter in model.parameters())
        529
    """
    if name not in _MODELS:
        near = difflib.get_close_matches(name, _MODELS, n=1)
        advice = f"did you mean {near[0]!r}?" if near else "give one of them"
        message = f"unknown model {name!r}; {advice} (models: {', '.join(_MODELS)})"
        raise InputError(message)
    signature = inspect.signature(_MODELS[name])
    try:
        signature.bind(generator=generator, **arguments)
    except TypeError as error:
        accepted = [str(each) for each in signature.parameters.values() if each.name != "generator"]
        message = f"cannot build {name!r}: {error}; it takes {', '.join(accepted)}"
        raise InputError(message) from error
    for argument, value in arguments.items():
        wanted = signature.parameters[argument].annotation
        if wanted in {int, float, bool} and not isinstance(value, wanted | int):
            message = (
                f"cannot build {name!r}: {argument} is {value!r}; give a {wanted.__name__}, and "
                "'&' between arguments"
            )
            raise InputError(message)
    return _MODELS[name](generator=generator, **arguments)
