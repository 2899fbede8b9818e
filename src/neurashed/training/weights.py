"""Weights on disk: written as safetensors, read without pickle."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from neurashed.errors import InputError, StoreError

__all__ = ["copy_into", "load_weights", "save_weights", "write_tensors"]

_TORCH_SUFFIXES = {".pt", ".pth", ".ckpt", ".bin"}
# Where training scripts put the weights, and what wrappers write before each name.
_WRAPPER_KEYS = ("state_dict", "model_state_dict", "model", "weights")
_WRAPPER_PREFIXES = ("module.", "_orig_mod.", "model.")
_NUM_LISTED = 8


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Save parameters and buffers as safetensors; the file appears only when it is whole.

    A tensor that has several names is written once, under the first.

    Args:
        model: The model.
        path: The file, usually ending in ``.safetensors``; replaced if it exists.
    """
    write_tensors(model, Path(path), {})


def load_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Load weights into a model in place, in the model's precision and on its device.

    Reads ``.safetensors``, and ``.pt``, ``.pth``, ``.ckpt`` and ``.bin`` files with
    ``torch.load(weights_only=True)``, which runs no code. The weights may lie under a key such as
    ``"state_dict"``, and their names may begin with ``"module."``. The model is untouched if
    anything is wrong: names or shapes that are not the model's are an `InputError`, a file that is
    damaged or holds more than weights a `StoreError`.

    Args:
        model: The model.
        path: The file.

    Raises:
        InputError: If the file does not exist.
    """
    file = Path(path)
    if not file.is_file():
        message = f"there is no file {file}; give the path of a file of weights"
        raise InputError(message)
    copy_into(model, _read(file), file)


def write_tensors(model: nn.Module, path: Path, metadata: dict[str, str]) -> None:
    """Write each tensor of a model once, beside the file, and rename when it is whole."""
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            # A copy, for safetensors refuses tensors that share memory.
            copied = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            tensors[name] = copied
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        save_file(tensors, partial, metadata={"format": "pt", **metadata})
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def copy_into(model: nn.Module, weights: Mapping[str, Tensor], file: Path) -> None:
    """Copy weights into a model, all or none.

    Args:
        model: The model.
        weights: Tensors by name.
        file: Where they come from, for messages.

    Raises:
        InputError: If names or shapes differ.
    """
    own = model.state_dict(keep_vars=True)
    weights = _with_shared_names(own, _without_prefix(own, weights))
    problems = [
        _list("missing from the file", [name for name in own if name not in weights]),
        _list("not in the model", [name for name in weights if name not in own]),
        _list(
            "of another shape",
            [
                f"{name} {tuple(weights[name].shape)} for {tuple(tensor.shape)}"
                for name, tensor in own.items()
                if name in weights and weights[name].shape != tensor.shape
            ],
        ),
        _list("one tensor in the model and not in the file", _find_untied(own, weights)),
    ]
    if any(problems):
        message = (
            f"the weights in {file} do not fit the model: {'; '.join(filter(None, problems))}; "
            "build the model with the sizes it was trained with"
        )
        raise InputError(message)
    model.load_state_dict(weights)


def _read(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        try:
            return load_file(file)
        except SafetensorError as error:
            message = f"{file} is not a whole safetensors file ({error}); write it again"
            raise StoreError(message) from error
    if file.suffix not in _TORCH_SUFFIXES:
        message = (
            f"{file} ends in {file.suffix or 'nothing'}; weights are read from .safetensors, "
            f"{', '.join(sorted(_TORCH_SUFFIXES))}"
        )
        raise InputError(message)
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        message = (
            f"{file} cannot be read as weights alone: it is damaged, or holds more than tensors, "
            "and objects are never unpickled here; save model.state_dict() instead"
        )
        raise StoreError(message) from error
    return _unwrap(content, file)


def _unwrap(content: Any, file: Path) -> dict[str, Tensor]:  # noqa: ANN401
    """Return the tensors by name, wherever a training script has put them.

    Raises:
        StoreError: If there are none.
    """
    if isinstance(content, Mapping):
        if content and all(isinstance(value, Tensor) for value in content.values()):
            return dict(content)
        for key in _WRAPPER_KEYS:
            if isinstance(content.get(key), Mapping):
                return _unwrap(content[key], file)
    found = (
        f"the keys {', '.join(map(repr, content)) or 'nothing'}"
        if isinstance(content, Mapping)
        else f"a {type(content).__name__}"
    )
    message = (
        f"{file} holds {found}; it should hold tensors by name, or have them under one of "
        f"{', '.join(map(repr, _WRAPPER_KEYS))}"
    )
    raise StoreError(message)


def _without_prefix(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return names without what a wrapper wrote before them, unless the model's begin so."""
    renamed = dict(weights)
    for prefix in _WRAPPER_PREFIXES:
        own_names_begin_so = any(name.startswith(prefix) for name in own)
        if not own_names_begin_so and all(name.startswith(prefix) for name in renamed):
            renamed = {name.removeprefix(prefix): tensor for name, tensor in renamed.items()}
    return renamed


def _with_shared_names(own: Mapping[str, Tensor], weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return also the other names of a tensor that the file holds under one of them."""
    held = {id(tensor): weights[name] for name, tensor in own.items() if name in weights}
    shared = {name: held[id(tensor)] for name, tensor in own.items() if id(tensor) in held}
    return {**shared, **weights}


def _find_untied(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> list[str]:
    """Return the names that share a tensor with an earlier name but differ from it."""
    earlier: dict[int, str] = {}
    names = [name for name in own if name in weights]
    for name in names:
        earlier.setdefault(id(own[name]), name)
    pairs = [(earlier[id(own[name])], name) for name in names]
    return [
        f"{first} and {name}"
        for first, name in pairs
        if first != name and not torch.equal(weights[first], weights[name])
    ]


def _list(problem: str, names: list[str]) -> str:
    if not names:
        return ""
    more = len(names) - _NUM_LISTED
    listed = ", ".join(names[:_NUM_LISTED]) + (f" and {more} more" if more > 0 else "")
    return f"{len(names)} {problem}: {listed}"
