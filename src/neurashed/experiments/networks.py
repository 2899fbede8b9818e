"""A network named by one string, for the command line and for runs that are repeated."""

import ast
import hashlib
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import nn

from neurashed.errors import InputError, InputTypeError
from neurashed.models import build_model, model_names
from neurashed.seeding import derive_seed
from neurashed.training import load_weights

__all__ = ["checksum_weights", "load_network"]


def load_network(spec: str, *, weights: Path | None = None, seed: int = 0) -> nn.Module:
    """Build the network that a string names, load its weights, and put it in eval mode.

    Args:
        spec: ``package.module:function``, which is called and returns the network, or a name of
            `neurashed.models.model_names`. Either may go on with arguments, as in
            ``two_layer_relu?num_inputs=64&width=512``.
        weights: A ``.safetensors`` file, or one that ``torch.load(weights_only=True)`` reads;
            without it the network stays as it was initialized.
        seed: Where initial weights come from. A function that draws from PyTorch's own generator
            finds it seeded, and the generator is put back afterwards.

    Returns:
        The network, in eval mode.

    Raises:
        InputTypeError: If the function returns anything but a module.

    Example:
        >>> load_network("mlp?num_inputs=4&widths=3,3&activation=tanh")
        MLP(
          (fc1): Linear(in_features=4, out_features=3, bias=True)
          (activation1): Tanh()
          (fc2): Linear(in_features=3, out_features=3, bias=True)
          (activation2): Tanh()
          (fc3): Linear(in_features=3, out_features=1, bias=True)
        )
    """
    name, _, query = spec.partition("?")
    arguments = dict(_parse_argument(part) for part in query.split("&")) if query else {}
    generator = torch.Generator().manual_seed(derive_seed(seed, "weights"))
    if ":" in name:
        with _drawing_from(generator):
            model = _call(name, _find_function(name), arguments)
    else:
        model = build_model(name, generator=generator, **arguments)
    if not isinstance(model, nn.Module):
        message = f"{name} returned a {type(model).__name__}; return a torch.nn.Module"
        raise InputTypeError(message)
    if weights is not None:
        load_weights(model, weights)
    return model.eval()


def _call(name: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:  # noqa: ANN401
    """Call a function of the user's, or say which arguments it takes."""
    try:
        signature(function).bind(**arguments)
    except TypeError as error:
        message = f"{name} cannot be called so: {error}; its arguments are {signature(function)}"
        raise InputError(message) from error
    return function(**arguments)


def checksum_weights(model: nn.Module) -> str:
    """Return the SHA-256 of everything in a network's state, the same on every device."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


@contextmanager
def _drawing_from(generator: torch.Generator) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(generator.get_state())
        yield


def _parse_argument(part: str) -> tuple[str, Any]:
    name, equals, text = part.partition("=")
    if not (name.isidentifier() and equals and text):
        message = f"model argument {part!r} has no name or value; write name=value&name=value"
        raise InputError(message)
    try:
        return name, ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return name, text


def _find_function(path: str) -> Callable[..., Any]:
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        message = (
            f"there is no module {module_name!r} for model {path!r}; start in the folder that "
            f"holds it, or name a built-in model: {', '.join(model_names())}"
        )
        raise InputError(message) from error
    function = getattr(module, name, None)
    if not callable(function):
        message = f"{module_name} has no function {name!r}; name one that returns the network"
        raise InputError(message)
    return function
