"""What a really taken step and its first order differ by falls with the square of the rate."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from engine_cases import plan_kernel, products, responses
from torch import Tensor, nn
from torch.nn import functional
from zoo import Inputs, Written, moved, randomize

from neurashed.engine.first_order import Side
from neurashed.engine.subject import examine
from neurashed.models import CNN, MLP, ResNet18
from neurashed.task import SGD, Task

Maker = Callable[[torch.Generator], tuple[nn.Module, Tensor]]
NUM_CLASSES = 3
# Small enough that no ReLU or maximum of the CNN switches, large enough to rise above rounding.
RATES = [2.0**-k for k in range(18, 23)]


def _mlp(generator: torch.Generator) -> tuple[nn.Module, Tensor]:
    model = MLP(6, [9, 8], NUM_CLASSES, activation="tanh", generator=generator)
    return model, torch.randn(5, 6, generator=generator)


def _cnn(generator: torch.Generator) -> tuple[nn.Module, Tensor]:
    model = CNN(NUM_CLASSES, image_shape=(1, 16, 16), widths=(3, 4, 6), generator=generator)
    return model, torch.randn(5, 1, 16, 16, generator=generator)


def _resnet(norm: str) -> Maker:
    def make(generator: torch.Generator) -> tuple[nn.Module, Tensor]:
        model = ResNet18(NUM_CLASSES, width=4, norm=norm, generator=generator).eval()
        if norm == "batch":
            randomize(model, generator)
        return model, torch.randn(3, 3, 16, 16, generator=generator)

    return make


def _encode(m: Written, x: Tensor) -> Tensor:
    places = m.places(torch.arange(x.shape[1], device=x.device))
    return m.head(m.encoder(m.embedding(x) + places).mean(1))


def _transformer(generator: torch.Generator) -> tuple[nn.Module, Tensor]:
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True)
    model = Written(
        _encode,
        embedding=nn.Embedding(11, 8),
        places=nn.Embedding(6, 8),
        encoder=nn.TransformerEncoder(layer, 2, enable_nested_tensor=False),
        head=nn.Linear(8, NUM_CLASSES),
    ).eval()
    return randomize(model, generator), torch.randint(11, (5, 6), generator=generator)


def _errors(task: Task, batch: tuple[Inputs, Tensor]) -> list[float]:
    """Largest difference between the response and its first order, at each rate."""
    subject, count = examine(task, batch), len(batch[1])
    plan = plan_kernel(
        subject, count, count, cotangents=(1, NUM_CLASSES), is_traced=False
    )  # fmt: skip
    sides = Side(batch, subject.losses), Side(batch, subject.readouts)
    slope = -products(subject, *sides, plan)[""][:, :, 0]
    found = []
    for rate in RATES:
        at_rate = examine(Task(task.model, task.loss, task.readout, SGD(rate)), batch)
        difference = responses(at_rate, batch, batch) - rate * slope
        found.append(difference.norm().item())
    return found


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_mlp, id="mlp"),
        pytest.param(_cnn, id="cnn"),
        pytest.param(_resnet("group"), id="resnet-group-norm"),
        pytest.param(_resnet("batch"), id="resnet-batch-norm"),
        pytest.param(_transformer, id="transformer"),
    ],
)
def test_slope_is_two(
    make: Maker,
    device: torch.device,
    generator: torch.Generator,
    monkeypatch: pytest.MonkeyPatch,
):
    model, x = make(generator)
    if isinstance(model, ResNet18):  # some of its many ReLUs switch at any rate above rounding
        monkeypatch.setattr(functional, "relu", functional.silu)
    y = torch.randint(NUM_CLASSES, (len(x),), generator=generator)
    batch = moved(x, device, torch.float64), moved(y, device, torch.float64)
    task = Task(model.to(device, torch.float64), "cross_entropy", "logits", SGD(0.0))
    errors = _errors(task, batch)
    slope, _ = np.polyfit(np.log(RATES), np.log(errors), 1)
    assert slope == pytest.approx(2.0, abs=0.1)
