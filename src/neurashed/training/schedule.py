"""How long a run is, and when it is looked at."""

from dataclasses import dataclass

from neurashed.errors import InputError

__all__ = ["Schedule", "plan_schedule"]

_NUM_REPORTS = 10


@dataclass(frozen=True)
class Schedule:
    """The steps of a run.

    Attributes:
        num_steps: Steps in all.
        batch_size: Examples in a step, None for the whole set.
        steps_per_epoch: Steps in a pass over the training set.
        report_every: Steps between states.
    """

    num_steps: int
    batch_size: int | None
    steps_per_epoch: int
    report_every: int

    def is_reported(self, step: int) -> bool:
        """Return whether there is a state at a step."""
        return step % self.report_every == 0 or step == self.num_steps


def plan_schedule(
    num_examples: int,
    *,
    num_steps: int | None,
    num_epochs: int | None,
    batch_size: int | None,
    report_every: int | None,
) -> Schedule:
    """Settle the steps of a run.

    Args:
        num_examples: Size of the training set.
        num_steps: Steps in all, or None.
        num_epochs: Passes over the training set in all, or None.
        batch_size: Examples in a step, None for the whole set.
        report_every: Steps between states, None for a tenth of the run.

    Returns:
        The schedule.

    Raises:
        InputError: If a number makes no sense, or not one of steps and epochs is given.
    """
    if (num_steps is None) == (num_epochs is None):
        message = f"num_steps is {num_steps} and num_epochs is {num_epochs}; give one of them"
        raise InputError(message)
    _check_at_least(0, num_steps=num_steps, num_epochs=num_epochs)
    _check_at_least(1, batch_size=batch_size, report_every=report_every)
    if batch_size is not None and batch_size > num_examples:
        message = (
            f"batch_size is {batch_size} and there are {num_examples} examples; give at most "
            "that many, or leave it out for the whole set"
        )
        raise InputError(message)
    steps_per_epoch = 1 if batch_size is None else -(-num_examples // batch_size)
    total = num_steps if num_steps is not None else (num_epochs or 0) * steps_per_epoch
    return Schedule(
        total, batch_size, steps_per_epoch, report_every or max(1, total // _NUM_REPORTS)
    )


def _check_at_least(least: int, **numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < least:
            message = f"{name} is {number}; give at least {least}"
            raise InputError(message)
