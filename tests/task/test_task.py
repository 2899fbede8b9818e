"""Losses, readouts, update rules, and what a task refuses."""

import pytest
import torch
from closeness import assert_close
from torch import nn

from neurashed.errors import InputError, InputTypeError
from neurashed.task import SGD, Task

LOGITS = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], dtype=torch.float64)
CLASSES = torch.tensor([2, 1])


def make(loss: object, readout: object = "output", **options: object) -> Task:
    return Task(nn.Linear(3, 3).double(), loss=loss, readout=readout, **options)


def test_mse_is_the_mean_over_outputs_and_reads_classes_as_one_hot_rows():
    wanted = (LOGITS - torch.tensor([[0.0, 0, 1], [0, 1, 0]])).square().mean(1)
    assert_close(make("mse").losses(LOGITS, CLASSES), wanted)


def test_bce_on_probabilities_is_bce_on_logits_after_a_sigmoid():
    targets = torch.tensor([[1.0, 0, 1], [0, 1, 0]], dtype=torch.float64)
    on_logits = make("bce").losses(LOGITS, targets)
    assert_close(make("bce_on_probabilities").losses(LOGITS.sigmoid(), targets), on_logits)


def test_readouts_of_a_softmax():
    probabilities = LOGITS.exp() / LOGITS.exp().sum(1, keepdim=True)
    read = {
        name: make("cross_entropy", name).read(LOGITS, CLASSES)
        for name in ("logits", "probabilities", "log_probabilities", "label_logit", "loss")
    }
    assert_close(read["logits"], LOGITS)
    assert_close(read["probabilities"], probabilities)
    assert_close(read["log_probabilities"], probabilities.log())
    assert_close(read["label_logit"], torch.tensor([[0.5], [3.0]]).double())
    own = torch.gather(probabilities, 1, CLASSES[:, None])
    assert_close(read["loss"], -own.log())


def test_the_logit_of_a_side_is_that_of_the_label():
    output = torch.tensor([[2.0], [3.0]])
    read = make("bce", "label_logit").read(output, torch.tensor([[1.0], [0.0]]))
    assert_close(read, torch.tensor([[2.0], [-3.0]]))


def test_callables_are_taken_as_they_are():
    task = make(lambda o, t: (o - t).abs().sum(1), lambda o, t: o[:, 0] * t[:, 0])
    targets = torch.ones_like(LOGITS)
    assert_close(task.losses(LOGITS, targets), (LOGITS - 1).abs().sum(1))
    assert_close(task.read(LOGITS, targets), LOGITS[:, :1])
    assert task.readout.needs_targets


def test_lr_is_short_for_sgd():
    assert make("mse", lr=0.5).update == SGD(0.5)
    with pytest.raises(InputError, match="both update and lr are given"):
        make("mse", lr=0.5, update=SGD(0.5))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"loss": "mae"}, InputError, "unknown loss 'mae'; use one of mse, bce"),
        ({"readout": "logit"}, InputError, "unknown readout 'logit'; use one of output, loss"),
        ({"readout": "logits"}, InputError, "readout 'logits' has no meaning for loss 'mse'"),
        ({"lr": -1.0}, InputError, "lr is -1.0; give a finite learning rate of at least 0"),
        ({"lr": float("nan")}, InputError, "lr is nan; give a finite learning rate"),
    ],
)
def test_wrong_names_are_refused(arguments: dict[str, object], kind: type, message: str):
    with pytest.raises(kind, match=message):
        make(**{"loss": "mse", **arguments})


def test_targets_of_another_shape_are_refused():
    with pytest.raises(InputError, match="give one target for each output"):
        make("mse").losses(LOGITS, torch.ones(2, 2))


def test_a_model_that_returns_no_tensor_is_refused():
    class Pair(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x, x

    with pytest.raises(InputTypeError, match="the model returned a tuple"):
        Task(Pair(), loss="mse").predict(torch.ones(1, 2))


def test_patterns_choose_parameters_by_any_of_their_names():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    model[0].bias.requires_grad_(False)
    chosen = Task(model, loss="mse", update=SGD(0.1, "1.*")).select_parameters()
    assert list(chosen.chosen) == ["0.weight", "1.bias"]
    assert chosen.frozen == ("0.bias",)
    assert chosen.excluded == ()


def test_a_pattern_that_matches_nothing_is_refused():
    task = make("mse", update=SGD(0.1, ("weight", "fc9.*")))
    with pytest.raises(InputError, match=r"no parameter matches 'fc9\.\*'; the names are weight"):
        task.select_parameters()


def test_replaced_parameters_leave_the_model_as_it_was():
    layer = nn.Linear(2, 2).double()
    model = nn.Sequential(layer, layer)
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.ones(1, 2, dtype=torch.float64)
    output = Task(model, loss="mse").predict(x, {"0.weight": torch.zeros_like(layer.weight)})
    assert_close(output, layer.bias.detach().expand(1, 2))
    for name, value in model.state_dict().items():
        assert_close(value, kept[name])
    assert isinstance(model[1].weight, nn.Parameter)
