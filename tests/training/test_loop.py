from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from neurashed.data import Examples
from neurashed.errors import InputError
from neurashed.models import two_layer_relu
from neurashed.task import SGD, Task
from neurashed.training import State, load_checkpoint, save_checkpoint, train
from neurashed.training.batches import draw_order


class Awkward(nn.Module):
    """Batch statistics, random layers and dict inputs: all that a resumed run could forget."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.fc1 = nn.Linear(4, 6)
        self.norm = nn.BatchNorm1d(6)
        self.dropout = nn.Dropout(0.3)
        self.fc2 = nn.Linear(6, 3)
        self.modes: list[bool] = []
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-0.5, 0.5, generator=generator)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        self.modes.append(self.training)
        hidden = self.fc1(torch.cat([left, right], 1))
        return self.fc2(self.dropout(torch.relu(self.norm(hidden))))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_pairs() -> Examples:
    inputs = torch.randn(23, 4, generator=seeded(1))
    return Examples({"left": inputs[:, :1], "right": inputs[:, 1:]}, inputs.argmax(1).clamp(max=2))


def make_task(seed: int = 0, lr: float = 0.1) -> Task:
    return Task(Awkward(seed), loss="cross_entropy", lr=lr)


def make_regression() -> tuple[nn.Module, Examples]:
    inputs = torch.randn(20, 3, generator=seeded(1))
    return two_layer_relu(3, width=8, generator=seeded()), Examples(inputs, inputs.sum(1).sin())


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_same_bits(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert list(first) == list(second)
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


@pytest.mark.parametrize("batch_size", [None, 6])
def test_steps_are_those_of_torch_sgd_bit_for_bit(batch_size: int | None):
    model, examples = make_regression()
    reference, _ = make_regression()
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.05)
    order = draw_order(20, batch_size, seed=3, start=0)
    for _ in range(9):
        indices = next(order)
        optimizer.zero_grad()
        output = reference(examples.inputs[indices])
        (output.squeeze(1) - examples.targets[indices]).square().mean().backward()
        optimizer.step()
    list(
        train(
            Task(model, loss="mse", lr=0.05), examples, num_steps=9, batch_size=batch_size, seed=3
        )
    )
    assert_same_bits(weights_of(model), weights_of(reference))


def test_same_seed_same_numbers_and_another_seed_others():
    runs = {}
    for name, seed in {"first": 5, "again": 5, "other": 6}.items():
        task = make_task()
        states = list(train(task, make_pairs(), num_epochs=2, batch_size=5, seed=seed))
        runs[name] = states, weights_of(task.model)
    assert runs["first"][0] == runs["again"][0]
    assert_same_bits(runs["first"][1], runs["again"][1])
    assert runs["first"][0][-1].loss != runs["other"][0][-1].loss


def test_random_layers_draw_from_the_seed_and_leave_the_global_generator_alone():
    final = []
    for _ in range(2):
        before = torch.get_rng_state()
        task = make_task()
        torch.set_rng_state(before)
        final.append(list(train(task, make_pairs(), num_steps=4))[-1].loss)
        assert torch.equal(torch.get_rng_state(), before)
        torch.rand(1)
    assert final[0] == final[1]


def test_random_layers_draw_anew_at_every_step():
    class Recorder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(40))
            self.kept: list[Tensor] = []

        def forward(self, inputs: Tensor) -> Tensor:
            kept = nn.functional.dropout(self.weight, training=self.training)
            self.kept.append(kept != 0)
            return inputs * kept.sum()

    model = Recorder()
    examples = Examples(torch.ones(2, 1), torch.zeros(2))
    list(train(Task(model, loss="mse", lr=0.0), examples, num_steps=2, diagnostics=False))
    _, first, _, second, _ = model.kept
    assert not torch.equal(first, second)


def test_a_killed_run_resumes_to_the_same_bits(tmp_path: Path):
    settings = {"num_steps": 13, "batch_size": 5, "seed": 2, "report_every": 4}
    whole = make_task()
    expected = list(train(whole, make_pairs(), **settings))

    killed = make_task()
    for state in train(killed, make_pairs(), **settings):
        if state.step == 8:
            save_checkpoint(tmp_path / "run.safetensors", killed.model, state)
        if state.step == 12:
            break

    fresh = make_task(seed=99)
    start = load_checkpoint(tmp_path / "run.safetensors", fresh.model)
    rest = list(train(fresh, make_pairs(), **settings, start=start))
    assert start == expected[2]
    assert rest == expected[3:]
    assert [state.step for state in rest] == [12, 13]
    assert_same_bits(weights_of(fresh.model), weights_of(whole.model))


def test_the_model_trains_in_train_mode_and_is_seen_in_eval_mode():
    task = make_task()
    states = train(task, make_pairs(), num_steps=3, report_every=1, diagnostics=False)
    next(states)
    assert not task.model.training
    task.model.modes.clear()
    next(states)
    assert not task.model.training
    assert task.model.modes == [True, False]


def test_states_come_at_the_beginning_the_end_and_between():
    examples = make_pairs()
    steps = [state.step for state in train(make_task(), examples, num_steps=7, report_every=3)]
    assert steps == [0, 3, 6, 7]
    by_epoch = list(train(make_task(), examples, num_epochs=20, batch_size=10, diagnostics=False))
    assert [state.step for state in by_epoch] == list(range(0, 61, 6))
    assert [state.epoch for state in by_epoch] == list(range(0, 21, 2))
    assert [state.step for state in train(make_task(), examples, num_steps=0)] == [0]


def test_only_the_parameters_of_the_update_change():
    task = Task(Awkward(), loss="cross_entropy", update=SGD(0.1, parameters="fc2.*"))
    before = {name: value.clone() for name, value in task.model.named_parameters()}
    list(train(task, make_pairs(), num_steps=2))
    changed = {n for n, value in task.model.named_parameters() if not torch.equal(value, before[n])}
    assert changed == {"fc2.weight", "fc2.bias"}


def test_it_learns_also_where_gradients_are_off_and_precisions_differ():
    model, examples = make_regression()
    task = Task(model, loss="mse", lr=0.1)
    with torch.no_grad():
        states = list(train(task, examples.to(dtype=torch.float64), num_steps=200))
    assert states[-1].loss < 0.2 * states[0].loss
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


def test_diagnostics_can_be_left_out():
    with_them, without = (
        list(train(make_task(), make_pairs(), num_steps=3, diagnostics=wanted))[-1]
        for wanted in (True, False)
    )
    assert with_them.loss == without.loss
    assert with_them.lr_lambda_max is not None
    assert with_them.dead_fraction == 0
    assert without.lr_lambda_max is None
    assert without.dead_fraction is None


def quadratic(lr: float) -> Iterator[State]:
    # The mean loss is w^2, whose second derivative is 2.
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    examples = Examples(torch.ones(4, 1), torch.zeros(4))
    return train(Task(model, loss="mse", lr=lr), examples, num_steps=20)


def test_two_is_where_training_turns_unstable():
    below, above = list(quadratic(0.98)), list(quadratic(1.02))
    assert below[0].lr_lambda_max == pytest.approx(1.96)
    assert above[0].lr_lambda_max == pytest.approx(2.04)
    assert below[-1].loss < below[0].loss
    assert above[-1].loss > above[0].loss


def test_a_loss_that_is_not_finite_stops_with_the_reason():
    with pytest.raises(
        InputError,
        match=r"the loss is inf at step \d+ with lr 1e\+10; lr·λ_max was 2e\+10 at step \d+, and "
        r"above 2 SGD is unstable; lower lr",
    ):
        list(quadratic(1e10))


def test_without_diagnostics_it_says_how_to_see_more():
    model, examples = make_regression()
    task = Task(model, loss="mse", lr=1e9)
    with pytest.raises(InputError, match=r"at step \d+ with lr 1e\+09; lower lr, or pass diagnost"):
        list(train(task, examples, num_steps=50, diagnostics=False))
    assert not model.training


def test_weights_that_are_not_finite_are_told_apart_from_a_large_lr():
    model, examples = make_regression()
    nn.init.constant_(model.fc1.weight, torch.nan)
    with pytest.raises(
        InputError, match=r"loss is nan at step 0, before any step.*look for weights"
    ):
        next(train(Task(model, loss="mse", lr=0.1), examples, num_steps=5))


REFUSED = {
    "no length": ({}, "num_steps is None and num_epochs is None; give one of them"),
    "two lengths": ({"num_steps": 1, "num_epochs": 1}, "give one of them"),
    "negative length": ({"num_steps": -1}, "num_steps is -1; give at least 0"),
    "no batch": ({"num_steps": 1, "batch_size": 0}, "batch_size is 0; give at least 1"),
    "large batch": ({"num_steps": 1, "batch_size": 24}, "batch_size is 24 and there are 23 exam"),
    "no report": ({"num_steps": 1, "report_every": 0}, "report_every is 0; give at least 1"),
    "past the end": (
        {"num_steps": 3, "start": State(4, 4.0, 0.1, None, None, None)},
        "start is at step 4, past the end at step 3; num_steps and num_epochs count from the beg",
    ),
}


@pytest.mark.parametrize(("settings", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_settings_that_make_no_sense_are_refused_before_any_step(settings: dict, message: str):
    with pytest.raises(InputError, match=message):
        train(make_task(), make_pairs(), **settings)


def test_an_update_rule_and_targets_are_needed():
    with pytest.raises(InputError, match=r"no update rule; give it a learning rate: Task\(..., lr"):
        train(Task(Awkward()), make_pairs(), num_steps=1)
    with pytest.raises(InputError, match="training needs targets and these examples have none"):
        train(make_task(), Examples(torch.zeros(3, 4)), num_steps=1)
