"""Which parameters a result covers."""

from typing import Any

from neurashed.engine.subject import Subject

__all__ = ["describe_coverage"]


def describe_coverage(subject: Subject) -> dict[str, Any]:
    """Say which of a model's parameters are in a result and why others are not.

    Args:
        subject: The task.

    Returns:
        ``covered`` and ``total`` as numbers of parameters, a ``statement`` of both, and the names
        of parameters that are ``frozen``, ``excluded`` by request, or ``unused`` by the model
        (covered: their gradient is zero).
    """
    model, selection = subject.task.model, subject.selection
    total = sum(parameter.numel() for parameter in model.parameters())
    covered = selection.num_chosen
    statement = f"{covered:,} of {total:,} parameters"
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    reasons = ((selection.frozen, "frozen"), (selection.excluded, "left out by request"))
    left_out = [f"{sum(sizes[name] for name in names):,} {why}" for names, why in reasons if names]
    if left_out:
        statement += f" ({', '.join(left_out)})"
    return {
        "covered": covered,
        "total": total,
        "statement": statement,
        "frozen": list(selection.frozen),
        "excluded": list(selection.excluded),
        "unused": list(subject.discovery.unused),
    }
