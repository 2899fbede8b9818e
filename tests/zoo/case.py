"""What a case of the zoo is, and the draws its examples come from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

Inputs = Tensor | dict[str, Tensor]
Draw = Callable[[torch.Generator, int], Tensor]
DrawInputs = Callable[[torch.Generator, int], Inputs]

# Readouts that have a meaning for "bce" and "cross_entropy".
CLASSIFIER = ("output", "logits", "probabilities", "log_probabilities", "label_logit", "loss")


def normal(*shape: int) -> Draw:
    """Return a draw of examples with standard normal entries."""
    return lambda generator, n: torch.randn(n, *shape, generator=generator, dtype=torch.float64)


def tokens(vocabulary: int, length: int) -> Draw:
    """Return a draw of sequences of token numbers; short vocabularies repeat tokens."""
    return lambda generator, n: torch.randint(vocabulary, (n, length), generator=generator)


def classes(count: int) -> Draw:
    """Return a draw of class numbers."""
    return lambda generator, n: torch.randint(count, (n,), generator=generator)


def sides(*shape: int) -> Draw:
    """Return a draw of zeros and ones."""
    return lambda generator, n: torch.randint(2, (n, *shape), generator=generator).double()


def fields(**draws: Draw) -> DrawInputs:
    """Return a draw of a dict of inputs."""
    return lambda generator, n: {name: draw(generator, n) for name, draw in draws.items()}


_PAIRS = normal(2)


@dataclass(frozen=True)
class Case:
    """A model that treats examples independently, with examples for it.

    Attributes:
        name: Shown by pytest.
        make: Builds the module; its weights are drawn afresh by `build`.
        inputs: Draws ``n`` inputs.
        targets: Draws ``n`` targets, in the shape of the outputs or as class numbers.
        loss: A key of `oracle.LOSSES` and a name that `Task` knows.
        readouts: Keys of ``oracle.READOUTS[loss]`` and names that `Task` knows.
        is_smooth: Whether small steps come near their first order: the output has a second
            derivative in the weights everywhere, and no gradient is stopped on its way.
        num_examples: How many examples bring out what is awkward.
    """

    name: str
    make: Callable[[], nn.Module]
    inputs: DrawInputs
    targets: Draw = _PAIRS
    loss: str = "mse"
    readouts: tuple[str, ...] = ("output",)
    is_smooth: bool = True
    num_examples: int = 4

    def build(self, generator: torch.Generator) -> nn.Module:
        """Return the model in evaluation mode, in float64, with weights from the generator."""
        return randomize(self.make().double().eval(), generator)

    def examples(self, generator: torch.Generator, n: int | None = None) -> tuple[Inputs, Tensor]:
        """Return ``n`` inputs and their targets."""
        count = self.num_examples if n is None else n
        return self.inputs(generator, count), self.targets(generator, count)

    def __repr__(self) -> str:
        return self.name


class Written(nn.Module):
    """A module whose forward pass is written beside its parts."""

    if TYPE_CHECKING:  # A part is a layer or a tensor, as the forward pass knows.

        def __getattr__(self, name: str) -> Any: ...  # noqa: ANN401

    def __init__(
        self, passes: Callable[..., object], **parts: nn.Module | nn.Parameter | Tensor
    ) -> None:
        super().__init__()
        self.passes = passes
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs: Tensor, **named: Tensor) -> object:
        return self.passes(self, *inputs, **named)


def parameter(*shape: int) -> nn.Parameter:
    """Return a parameter whose values `randomize` will draw."""
    return nn.Parameter(torch.zeros(shape))


def moved(batch: Inputs, device: torch.device, dtype: torch.dtype) -> Inputs:
    """Return inputs or targets on a device, those that are not whole numbers in a type."""
    if isinstance(batch, dict):
        return {name: moved(part, device, dtype) for name, part in batch.items()}
    return batch.to(device, dtype if batch.is_floating_point() else None)


def with_head(body: nn.Module, *shape: int, outputs: int = 2) -> nn.Module:
    """Return the body on examples of a shape, then tanh, then one linear layer."""
    size = body(torch.zeros(1, *shape)).numel()
    return nn.Sequential(body, nn.Tanh(), nn.Flatten(), nn.Linear(size, outputs))


@torch.no_grad()
def randomize(model: nn.Module, generator: torch.Generator) -> nn.Module:
    """Return the model, every parameter and running statistic of it drawn afresh."""

    def draw(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator, dtype=torch.float64)

    for name, weight in model.named_parameters():
        if weight.ndim > 1:
            weight.copy_(draw(weight) / weight[0].numel() ** 0.5)
        else:
            weight.copy_((name.endswith("weight") or not weight.ndim) + 0.3 * draw(weight))
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(0.3 * draw(buffer))
        if name.endswith("running_var"):
            buffer.copy_(0.5 + draw(buffer).square())
    return model
