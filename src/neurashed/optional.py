"""The only door to optional packages."""

import importlib
from types import ModuleType

from neurashed.errors import MissingPackageError

__all__ = ["require"]


def require(package: str, *, extra: str) -> ModuleType:
    """Import an optional package or say how to install it.

    Args:
        package: The module to import.
        extra: The extra of Neurashed that brings it.

    Returns:
        The imported module.

    Raises:
        MissingPackageError: If the package is not installed.
        ModuleNotFoundError: If the package is there and something that it imports is not.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.split(".", maxsplit=1)[0]:
            raise
        message = (
            f"{package} is needed here and is not installed; run: pip install 'neurashed[{extra}]'"
        )
        raise MissingPackageError(message) from error
