"""A moment of training on disk, from which the run continues."""

import json
import os
from dataclasses import asdict, fields
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import nn

from neurashed.errors import StoreError
from neurashed.training.state import State
from neurashed.training.weights import copy_into, write_tensors

__all__ = ["load_checkpoint", "save_checkpoint"]

_KEY = "neurashed_state"


def save_checkpoint(path: str | os.PathLike[str], model: nn.Module, state: State) -> None:
    """Save a model with the state it is in, as one safetensors file.

    The file appears only when it is whole; a kill while writing leaves the one before. Plain SGD
    remembers nothing else, and the data order is a function of the seed and the step.

    Args:
        path: The file; replaced if it exists.
        model: The model, as it is when the state is yielded.
        state: The state.
    """
    write_tensors(model, Path(path), {_KEY: json.dumps(asdict(state))})


def load_checkpoint(path: str | os.PathLike[str], model: nn.Module) -> State:
    """Put a saved model's weights into a model, and return the state to continue from.

    Args:
        path: A file written by `save_checkpoint`.
        model: A model of the same form, changed in place.

    Returns:
        The state, for ``train(..., start=state)`` with the same examples, batch size and seed.

    Raises:
        StoreError: If the file does not exist, is damaged or was not written by `save_checkpoint`.

    Example:
        >>> import tempfile
        >>> state = State(7, 0.5, 0.25, None, None, None)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(f"{folder}/run.safetensors", nn.Linear(2, 1), state)
        ...     load_checkpoint(f"{folder}/run.safetensors", nn.Linear(2, 1)).step
        7
    """
    file = Path(path)
    try:
        with safe_open(file, framework="pt") as content:
            metadata = content.metadata() or {}
            weights = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        message = f"cannot read a checkpoint from {file} ({error}); give a file that is whole"
        raise StoreError(message) from error
    if _KEY not in metadata:
        message = (
            f"{file} holds weights and no state of training; use load_weights, or give a file "
            "written by save_checkpoint"
        )
        raise StoreError(message)
    values = json.loads(metadata[_KEY])
    copy_into(model, weights, file)
    return State(**{field.name: values[field.name] for field in fields(State)})
