"""Settings as ``run.json`` holds them, back as the dataclasses that they were."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar, get_type_hints

from neurashed.errors import StoreError
from neurashed.results import RunFolder

__all__ = ["read_settings"]

_Settings = TypeVar("_Settings")


def read_settings(settings_type: type[_Settings], run: RunFolder) -> _Settings:
    """Return the settings of a run from what JSON made of them; settings within them alike.

    Args:
        settings_type: A dataclass whose sequences are tuples.
        run: The run.

    Returns:
        The settings.

    Raises:
        StoreError: If they do not fit the dataclass.
    """
    recorded = {name: each for name, each in run.record.settings.items() if name != "command"}
    try:
        return _read(settings_type, recorded)
    except (TypeError, AttributeError) as error:
        message = f"the settings in {run.path} do not fit this version of Neurashed: {error}"
        raise StoreError(message) from error


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401
    if is_dataclass(kind) and isinstance(value, Mapping):
        kinds = get_type_hints(kind)
        # A name that the dataclass does not know is left for it to refuse.
        return kind(**{name: _read(kinds.get(name), each) for name, each in value.items()})  # pyright: ignore[reportCallIssue]
    return tuple(value) if isinstance(value, list) else value
