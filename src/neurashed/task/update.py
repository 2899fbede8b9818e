"""Update rules: how the source's gradient becomes a change of the weights."""

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase

from torch import nn

from neurashed.errors import InputError, InputTypeError

__all__ = ["SGD", "ParameterSelection", "select_parameters"]


@dataclass(frozen=True)
class SGD:
    """Plain stochastic gradient descent on one example: ``w⁺ = w − lr · ∇L``.

    Attributes:
        lr: Learning rate, in units of weight² per loss.
        parameters: Which parameters are updated: shell patterns on their names, such as
            ``"fc2.*"`` or ``("*.lora_A", "*.lora_B")``. Frozen parameters are never updated.

    Example:
        >>> SGD(lr=0.1, parameters="head.*").lr
        0.1
    """

    lr: float
    parameters: str | tuple[str, ...] = "*"

    def __post_init__(self) -> None:
        """Check the learning rate.

        Raises:
            InputError: If it is negative or not finite.
            InputTypeError: If it is no number.
        """
        if not isinstance(self.lr, (int, float)):
            message = f"lr is {self.lr!r}, a {type(self.lr).__name__}; give a number such as 0.1"
            raise InputTypeError(message)
        if not (math.isfinite(self.lr) and self.lr >= 0):
            message = f"lr is {self.lr}; give a finite learning rate of at least 0"
            raise InputError(message)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The shell patterns as a tuple."""
        return (self.parameters,) if isinstance(self.parameters, str) else self.parameters


@dataclass(frozen=True)
class ParameterSelection:
    """Which parameters of a model an update touches, and why it leaves the others.

    Attributes:
        chosen: Parameters that are updated, by name; a parameter with two names stands once.
        frozen: Names left out because they do not require a gradient.
        excluded: Names left out because no pattern matches.
    """

    chosen: dict[str, nn.Parameter]
    frozen: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def num_chosen(self) -> int:
        """How many numbers the update touches."""
        return sum(parameter.numel() for parameter in self.chosen.values())


def select_parameters(model: nn.Module, patterns: tuple[str, ...]) -> ParameterSelection:
    """Sort the parameters of a model by the patterns of an update.

    Args:
        model: The model.
        patterns: Shell patterns; a parameter is chosen if one of its names matches one of them.

    Returns:
        The chosen parameters and the names left out.

    Raises:
        InputError: If nothing is chosen.
    """
    aliases: dict[int, list[str]] = {}
    parameters: dict[int, nn.Parameter] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        aliases.setdefault(id(parameter), []).append(name)
        parameters[id(parameter)] = parameter
    chosen: dict[str, nn.Parameter] = {}
    frozen: list[str] = []
    excluded: list[str] = []
    for key, names in aliases.items():
        matched = any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
        if not parameters[key].requires_grad:
            frozen.append(names[0])
        elif matched:
            chosen[names[0]] = parameters[key]
        else:
            excluded.append(names[0])
    _check_patterns(patterns, aliases)
    if not chosen:
        message = (
            f"no trainable parameter to measure: {len(frozen)} are frozen and {len(excluded)} do "
            f"not match {', '.join(patterns)}; set requires_grad or change the pattern "
            f"(names: {', '.join(names[0] for names in [*aliases.values()][:8]) or 'none'})"
        )
        raise InputError(message)
    return ParameterSelection(chosen, tuple(frozen), tuple(excluded))


def _check_patterns(patterns: tuple[str, ...], aliases: dict[int, list[str]]) -> None:
    names = [name for group in aliases.values() for name in group]
    for pattern in patterns:
        if names and not any(fnmatchcase(name, pattern) for name in names):
            message = f"no parameter matches {pattern!r}; the names are {', '.join(names[:8])}" + (
                ", ..." if len(names) > 8 else ""
            )
            raise InputError(message)
