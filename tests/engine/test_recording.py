"""One pass records every layer, and a model whose calls depend on the data is refused."""

import pytest
import torch
from closeness import assert_close
from engine_cases import prepare
from torch import Tensor, nn
from zoo import Written, named

from neurashed.engine.batches import Inputs
from neurashed.engine.convolution_rows import ConvolutionRows
from neurashed.engine.general import GeneralGradients
from neurashed.engine.recording import Recording, record
from neurashed.engine.rows import DenseRows, LinearRows
from neurashed.engine.subject import Subject, examine
from neurashed.errors import InputError
from neurashed.task import Task


def _record(subject: Subject, x: Inputs, y: Tensor) -> Recording:
    return record(
        lambda: subject.readouts(None, x, y), subject.discovery, subject.layers, subject.parameters
    )


def _as_often_as_it_says(m: Written, x: Tensor) -> Tensor:
    for _ in range(int(x[0, 0])):
        x = m.body(x)
    return m.head(x)


def test_a_model_whose_calls_depend_on_the_data_is_refused(device: torch.device):
    model = Written(_as_often_as_it_says, body=nn.Linear(2, 2), head=nn.Linear(2, 1)).to(device)
    x, y = torch.ones(4, 2, device=device), torch.zeros(4, 1, device=device)
    subject = examine(Task(model), (x, y))
    with pytest.raises(InputError, match="made other calls than on its first two examples"):
        _record(subject, 5 * x, y)


def test_values_and_rows(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("mlp-relu"), device, dtype)
    recording = _record(ready.subject, *ready.sources)
    assert_close(recording.values, ready.subject.readouts(None, *ready.sources))
    assert not recording.values.requires_grad
    assert {name: rows.num_cotangents for name, rows in recording.rows.items()} == {"0": 2, "2": 2}


def test_recording_leaves_no_gradient(device: torch.device, dtype: torch.dtype):
    ready = prepare(named("conv-2d-transposed"), device, dtype)
    _record(ready.subject, *ready.sources)
    assert all(weight.grad is None for weight in ready.model.parameters())


def test_general_gradients_one_by_one_as_by_vmap(
    device: torch.device, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
):
    ready = prepare(named("parameter-einsum"), device, dtype)
    subject = ready.subject
    layer = next(layer for layer in subject.layers if layer.kind == "general")

    def compute() -> Tensor:
        gradients = GeneralGradients(
            subject.readouts, layer, subject.parameters, ready.sources, chunk=3
        )
        return gradients(1, 0, 4)

    together = compute()

    def refuse(*args: object, **kwargs: object) -> None:  # noqa: ARG001
        message = "vmap cannot run this"
        raise RuntimeError(message)

    monkeypatch.setattr("neurashed.engine.general.run_batched", refuse)
    assert_close(compute(), together)
    wanted = torch.autograd.grad(
        subject.readouts(None, *ready.sources)[2, 1], subject.parameters["experts"]
    )
    assert_close(together[2], wanted[0].flatten())


def _convolve_twice(m: Written, x: Tensor) -> Tensor:
    hidden = m.first(x).relu()
    grid = hidden.view(len(x), -1).view_as(hidden)
    return m.head(m.second(grid).view(len(x), -1))


def test_a_model_that_views_what_it_convolved(device: torch.device, dtype: torch.dtype):
    model = Written(
        _convolve_twice, first=nn.Conv2d(2, 3, 3, padding=1), second=nn.Conv2d(3, 4, 3),
        head=nn.Linear(4 * 3 * 3, 2),
    ).to(device, dtype)  # fmt: skip
    x = torch.randn(4, 2, 5, 5, generator=torch.Generator().manual_seed(0)).to(device, dtype)
    y = torch.zeros(4, 2, device=device, dtype=dtype)
    subject = examine(Task(model), (x, y))
    recording = _record(subject, x, y)
    assert_close(recording.values, model(x).detach())
    for index, k in ((0, 0), (3, 1)):
        wanted = torch.autograd.grad(model(x)[index, k], list(subject.parameters.values()))
        found = [recording.rows[layer.name].gradients(k)[index] for layer in subject.layers]
        assert_close(torch.cat(found), torch.cat([each.flatten() for each in wanted]))


def test_gradients_shorter_than_those_at_the_outputs_are_formed_at_once(device: torch.device):
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.Conv2d(2, 40, 3), nn.Flatten(), nn.LazyLinear(1)
    ).to(device)
    x, y = torch.ones(3, 1, 8, 8, device=device), torch.zeros(3, 1, device=device)
    model(x)
    rows = _record(examine(Task(model), (x, y)), x, y).rows
    forms = {name: type(each) for name, each in rows.items()}
    assert forms == {"0": DenseRows, "1": ConvolutionRows, "3": LinearRows}
