"""The thing being measured."""

from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass, replace
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call

from neurashed.errors import InputError, InputTypeError
from neurashed.task.losses import Loss, resolve_loss
from neurashed.task.readouts import Readout, resolve_readout
from neurashed.task.update import SGD, ParameterSelection, select_parameters

__all__ = ["Task"]

OutputFunction = Callable[[Tensor, Tensor], Tensor]
Inputs = Tensor | Mapping[str, Tensor]


@dataclass(frozen=True)
class Task:
    """A model with its loss, the readout that is watched, and the rule that updates it.

    Args:
        model: Any module that treats the examples of a batch independently; nothing in it changes.
        loss: ``"mse"``, ``"bce"``, ``"bce_on_probabilities"``, ``"cross_entropy"``, or a callable
            of outputs and targets that gives one loss for each example.
        readout: ``"output"``, ``"logits"``, ``"probabilities"``, ``"log_probabilities"``,
            ``"label_logit"``, ``"loss"``, or a callable of outputs and targets.
        update: The update rule, an `SGD`.
        lr: Short for ``update=SGD(lr)``.

    Raises:
        InputError: If a name is unknown, or both ``update`` and ``lr`` are given.
        InputTypeError: If the model is not a module.

    Example:
        >>> from torch import nn
        >>> task = Task(nn.Linear(2, 1), loss="mse", readout="output", lr=1e-3)
        >>> task.update
        SGD(lr=0.001, parameters='*')
    """

    model: nn.Module
    loss: Any = "mse"
    readout: Any = "output"
    update: SGD | None = None
    lr: InitVar[float | None] = None

    def __post_init__(self, lr: float | None) -> None:
        """Resolve names."""
        if not isinstance(self.model, nn.Module):
            message = f"model is a {type(self.model).__name__}; give a torch.nn.Module"
            raise InputTypeError(message)
        if lr is not None and self.update is not None:
            message = "both update and lr are given; give one of them"
            raise InputError(message)
        loss = resolve_loss(self.loss)
        object.__setattr__(self, "loss", loss)
        object.__setattr__(self, "readout", resolve_readout(self.readout, loss))
        if lr is not None:
            object.__setattr__(self, "update", SGD(lr))

    def predict(self, inputs: Inputs, parameters: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return the model's output ``(example, ...)``.

        Args:
            inputs: A tensor, or tensors by name, which are passed as keywords.
            parameters: Values that stand in for some of the model's parameters, by name.

        Returns:
            The output; where the model returns an object, its ``logits``.

        Raises:
            InputTypeError: If the output is not a tensor and holds no ``logits``.
        """
        args, kwargs = ((), dict(inputs)) if isinstance(inputs, Mapping) else ((inputs,), {})
        if parameters is None:
            output = self.model(*args, **kwargs)
        else:
            slots = self._fill_slots(parameters)
            output = functional_call(self.model, slots, args, kwargs, tie_weights=False)
        output = getattr(output, "logits", output)
        if not isinstance(output, Tensor):
            message = (
                f"the model returned a {type(output).__name__}; it should return one tensor, or "
                "an object with a tensor named logits: wrap it in a module that picks one"
            )
            raise InputTypeError(message)
        return output

    def _fill_slots(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Name every place in the model that holds a replaced parameter, with its new value."""
        # Each module once: functional_call with tie_weights leaves its stand-ins behind in a module
        # that has two names.
        own = dict(self.model.named_parameters(remove_duplicate=False))
        new = {id(own[name]): value for name, value in values.items()}
        return {
            f"{module}.{name}" if module else name: new[id(parameter)]
            for module, part in self.model.named_modules()
            for name, parameter in part.named_parameters(recurse=False, remove_duplicate=False)
            if id(parameter) in new
        }

    def losses(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return one loss for each example, ``(example,)``."""
        return self._loss.function(output, targets)

    def read(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return the readout ``(example, output)``."""
        return self._readout.function(output, targets)

    def with_readout(self, readout: "str | Readout | OutputFunction") -> "Task":
        """Return the same task with another readout."""
        return replace(self, readout=readout, lr=None)

    def select_parameters(self) -> ParameterSelection:
        """Return the parameters that the update touches (all trainable ones without an update)."""
        return select_parameters(self.model, self.update.patterns if self.update else ("*",))

    @property
    def _loss(self) -> Loss:
        return self.loss

    @property
    def _readout(self) -> Readout:
        return self.readout
