import pytest
import torch
from closeness import assert_close
from torch import nn

from neurashed.data import Examples
from neurashed.errors import InputError
from neurashed.models import two_layer_relu
from neurashed.task import Task
from neurashed.training import evaluate


def make_case(num_examples: int) -> tuple[Task, Examples]:
    generator = torch.Generator().manual_seed(0)
    model = two_layer_relu(3, 4, width=6, generator=generator).double()
    inputs = torch.randn(num_examples, 3, generator=generator, dtype=torch.float64)
    targets = torch.randint(4, (num_examples,), generator=generator)
    return Task(model, loss="cross_entropy"), Examples(inputs, targets)


def test_pieces_add_up_to_the_whole():
    task, examples = make_case(600)
    output = task.model(examples.inputs)
    seen = evaluate(task, examples)
    assert_close(seen.loss, nn.functional.cross_entropy(output, examples.targets).item())
    assert seen.accuracy == (output.argmax(1) == examples.targets).double().mean().item()
    hidden = torch.relu(task.model.fc1(examples.inputs))
    assert seen.dead_fraction == (hidden == 0).all(0).double().mean().item()


def test_a_unit_is_dead_only_if_it_is_in_every_piece():
    model = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0], [-1.0]]))
        model[0].bias.zero_()
    inputs = torch.zeros(600, 1)
    inputs[599] = 1.0
    seen = evaluate(Task(model, loss="mse"), Examples(inputs, torch.zeros(600)))
    assert seen.dead_fraction == 0.5


def test_regression_has_no_accuracy_and_counting_can_be_left_out():
    model = two_layer_relu(2, width=3, generator=torch.Generator().manual_seed(0))
    examples = Examples(torch.ones(2, 2), torch.tensor([0.3, 0.2]))
    seen = evaluate(Task(model, loss="mse"), examples, count_dead_units=False)
    assert seen.accuracy is None
    assert seen.dead_fraction is None


def test_targets_are_needed():
    with pytest.raises(InputError, match="evaluation needs targets"):
        evaluate(make_case(2)[0], Examples(torch.zeros(2, 3)))
