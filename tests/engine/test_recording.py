"""One pass records every layer, and a model whose calls depend on the data is refused."""

import pytest
import torch
from closeness import assert_close
from engine_cases import prepare
from torch import Tensor, nn
from zoo import Written, named

from neurashed.engine.general import GeneralGradients
from neurashed.engine.recording import record
from neurashed.engine.subject import Subject, examine
from neurashed.errors import InputError
from neurashed.task import Task


def _record(subject: Subject, x: Tensor, y: Tensor) -> object:
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
