import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from neurashed.data import Examples
from neurashed.models import CNN, MLP
from neurashed.task import SGD, Task
from neurashed.training import compute_lambda_max


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Attention(nn.Module):
    """Attention, whose fused kernel has no second derivative, and a parameter nobody uses."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.head = nn.Linear(4, 1)
        self.unused = nn.Parameter(torch.ones(2))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(std=0.5, generator=seeded())

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.attention(inputs, inputs, inputs, need_weights=False)[0].mean(1))


def dense_eigenvalues(task: Task, examples: Examples) -> Tensor:
    """Return every eigenvalue of the Hessian of the mean loss, formed whole."""
    chosen = task.select_parameters().chosen
    start = torch.cat([parameter.detach().flatten() for parameter in chosen.values()])

    def mean_loss(flat: Tensor) -> Tensor:
        pieces = flat.split([parameter.numel() for parameter in chosen.values()])
        values = {n: v.view_as(p) for (n, p), v in zip(chosen.items(), pieces, strict=True)}
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            output = torch.func.functional_call(task.model, values, (examples.inputs,))
        return task.losses(output, examples.targets).mean()

    return torch.linalg.eigvalsh(torch.autograd.functional.hessian(mean_loss, start))


def make_cases() -> dict[str, tuple[Task, Examples]]:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=seeded(1), dtype=torch.float64)

    mlp = MLP(3, [5, 4], 2, activation="tanh", generator=seeded()).double()
    relu = MLP(3, [6], 3, generator=seeded()).double()
    cnn = CNN(2, image_shape=(1, 16, 16), widths=(2, 2, 3), generator=seeded()).double()
    return {
        "mse": (Task(mlp, loss="mse"), Examples(normal(7, 3), normal(7, 2))),
        "cross-entropy": (
            Task(relu, loss="cross_entropy"),
            Examples(normal(600, 3), torch.arange(600) % 3),
        ),
        "some parameters": (
            Task(mlp, loss="mse", update=SGD(0.1, parameters="fc2.*")),
            Examples(normal(7, 3), normal(7, 2)),
        ),
        "convolutions": (Task(cnn, loss="mse"), Examples(normal(4, 1, 16, 16), normal(4, 2))),
        "attention": (
            Task(Attention().double().eval(), loss="mse"),
            Examples(normal(4, 3, 4), normal(4)),
        ),
    }


CASES = make_cases()


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_largest_eigenvalue_of_the_dense_hessian(case: str):
    task, examples = CASES[case]
    expected = dense_eigenvalues(task, examples)[-1].item()
    # The promise is a relative error of the tolerance that is asked for.
    for tolerance in (1e-2, 1e-8):
        found = compute_lambda_max(task, examples, generator=seeded(2), tolerance=tolerance)
        assert found == pytest.approx(expected, rel=tolerance), tolerance


def test_float32_finds_it_too():
    task, examples = CASES["mse"]
    expected = dense_eigenvalues(task, examples)[-1].item()
    model = MLP(3, [5, 4], 2, activation="tanh", generator=seeded())
    found = compute_lambda_max(Task(model, loss="mse"), examples, generator=seeded(2))
    assert found == pytest.approx(expected, rel=1e-2)


class Parabolas(nn.Module):
    """A loss that is given outright: its second derivatives are the ``bends``."""

    def __init__(self, bends: list[float]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(len(bends), dtype=torch.float64))
        self.bends = torch.tensor(bends, dtype=torch.float64)

    def forward(self, inputs: Tensor) -> Tensor:
        return (self.bends * self.weight.square() / 2).sum().expand(len(inputs))


def curvature_of(model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor]) -> float:
    examples = Examples(torch.ones(3, 1), torch.zeros(3))
    return compute_lambda_max(Task(model, loss=loss), examples, generator=seeded())


@pytest.mark.parametrize(
    ("bends", "expected"),
    [([1.0, 5.0, 3.0], 5.0), ([-9.0, 2.0], 2.0), ([-3.0, -1.0], -1.0), ([4.0], 4.0)],
)
def test_it_is_the_largest_and_not_the_largest_in_magnitude(bends: list[float], expected: float):
    found = curvature_of(Parabolas(bends), lambda output, targets: output + targets)
    assert found == pytest.approx(expected)


def test_a_loss_without_curvature_has_none():
    model = nn.Linear(1, 1).double()
    assert curvature_of(model, lambda output, targets: output.squeeze(1) - targets) == 0


def test_an_overflow_is_not_a_number():
    model = Parabolas([torch.inf, 1.0])
    assert math.isnan(curvature_of(model, lambda output, targets: output + targets))
