"""Coarse labels: one bit for each example, behind which finer classes hide."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neurashed.data.choices import suggest
from neurashed.data.examples import Examples
from neurashed.data.selecting import list_briefly
from neurashed.errors import InputError

__all__ = ["CoarseTask", "coarse_task"]


@dataclass(frozen=True, eq=False)
class CoarseTask:
    """Two sets of examples that a network learns to tell apart.

    The *primary* examples share one coarse label, behind which finer classes are looked for; the
    *auxiliary* examples carry the other, and are there to be told from them. This one bit for each
    example is all the supervision there is: targets are replaced by it. The hidden classes, where
    they are known, stand in ``fine_labels``, which nothing but scores of agreement reads.

    Attributes:
        primary: Examples with targets 1.0 ``(example, 1)``.
        auxiliary: Examples with targets 0.0 ``(example, 1)``.

    Raises:
        InputError: If the two share an example or a coarse label, or their inputs do not fit.

    Example:
        >>> pets = Examples(torch.rand(3, 2), ids=["a", "b", "c"])
        >>> cars = Examples(torch.rand(2, 2), ids=["d", "e"])
        >>> task = CoarseTask(pets, cars)
        >>> task.training.targets.flatten().tolist()
        [1.0, 1.0, 1.0, 0.0, 0.0]
        >>> task.training.labels.tolist()
        ['primary', 'primary', 'primary', 'auxiliary', 'auxiliary']
    """

    primary: Examples
    auxiliary: Examples

    def __post_init__(self) -> None:
        """Put the coarse label in place of the targets, and check that the two sets fit."""
        sides = {"primary": (self.primary, 1.0), "auxiliary": (self.auxiliary, 0.0)}
        for name, (examples, target) in sides.items():
            object.__setattr__(self, name, _with_coarse_label(examples, name, target))
        _check_apart(self.primary, self.auxiliary)

    @property
    def training(self) -> Examples:
        """All examples, the primary ones first: what a network is trained on."""
        return _join(self.primary, self.auxiliary)

    @property
    def hidden_classes(self) -> np.ndarray | None:
        """The finer class of each primary example, to score clusters by; None if not known."""
        return self.primary.fine_labels


def coarse_task(
    examples: Examples,
    *,
    primary: Sequence[str],
    auxiliary: Sequence[str] | None = None,
    primary_per_class: int | None = None,
    auxiliary_total: int | None = None,
) -> CoarseTask:
    """Make a coarse task out of labelled examples.

    If several classes are primary they are merged into one coarse label, and become the hidden
    classes to be found again; so a method can be tried where the answer is known. If one class is
    primary, it is a coarse label as it stands, and the hidden classes are its examples' finer
    labels, if they have any.

    He and Su take the first 500 of each of two primary classes, and the first 1,000 examples that
    belong to any auxiliary class: ``primary_per_class=500, auxiliary_total=1000``.

    Args:
        examples: Examples with labels.
        primary: Labels of the classes behind the coarse label in question.
        auxiliary: Labels of the classes to tell them from; all others if None.
        primary_per_class: The first so many of each primary class, in file order; all if None.
        auxiliary_total: The first so many auxiliary examples, whatever their class; all if None.

    Returns:
        The task.

    Raises:
        InputError: If a class is not there or on both sides, or there are too few examples.

    Example:
        >>> digits = Examples(torch.rand(6, 2), torch.tensor([5, 3, 8, 9, 5, 8]))
        >>> task = coarse_task(digits, primary=["5", "8"], auxiliary=["3", "9"])
        >>> task.primary.labels.tolist(), task.hidden_classes.tolist()
        (['5 or 8', '5 or 8', '5 or 8', '5 or 8'], ['5', '8', '5', '8'])

    References:
        The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
        https://arxiv.org/abs/1910.06943
    """
    labels = _require_labels(examples)
    if isinstance(primary, str) or isinstance(auxiliary, str):
        message = (
            f"primary is {primary!r} and auxiliary {auxiliary!r}; give lists of class names, "
            "such as ['5', '8']"
        )
        raise InputError(message)
    merged = _check_classes(labels, primary, "primary")
    others = _others(labels, merged) if auxiliary is None else auxiliary
    against = _check_classes(labels, others, "auxiliary")
    overlap = [name for name in against if name in merged]
    if overlap:
        message = (
            f"{', '.join(overlap)} is both primary and auxiliary; name each class on one side only"
        )
        raise InputError(message)
    chosen = np.sort(np.concatenate([_first_of(labels, c, primary_per_class) for c in merged]))
    beside = np.flatnonzero(np.isin(labels, against))
    if auxiliary_total is not None and not 1 <= auxiliary_total <= len(beside):
        message = (
            f"auxiliary_total is {auxiliary_total} and the auxiliary classes have {len(beside)} "
            "examples; ask for at least 1 and at most that many"
        )
        raise InputError(message)
    return CoarseTask(
        _merge(examples.select(chosen), merged),
        _merge(examples.select(beside[:auxiliary_total]), against),
    )


def _require_labels(examples: Examples) -> np.ndarray:
    if examples.labels is None:
        message = "these examples have no labels to choose classes by; give labels=..."
        raise InputError(message)
    return examples.labels


def _check_classes(labels: np.ndarray, names: Sequence[str], side: str) -> list[str]:
    """Return the names of the classes as strings, each once."""
    known = [str(each) for each in np.unique(labels)]
    wanted = list(dict.fromkeys(map(str, names)))
    if not wanted:
        message = f"no class is {side}; name one of {list_briefly(labels)}"
        raise InputError(message)
    for name in wanted:
        if name not in known:
            message = f"no example is of {side} class {name!r}; {suggest(name, known)}"
            raise InputError(message)
    return wanted


def _others(labels: np.ndarray, primary: list[str]) -> list[str]:
    others = [str(each) for each in np.unique(labels) if each not in primary]
    if not others:
        message = (
            f"the coarse label has one class: all examples are {' or '.join(primary)}, so there is "
            "nothing to tell them from; add examples of other classes, or name fewer primary ones"
        )
        raise InputError(message)
    return others


def _first_of(labels: np.ndarray, name: str, count: int | None) -> np.ndarray:
    members = np.flatnonzero(labels == name)
    if count is not None and not 1 <= count <= len(members):
        message = (
            f"primary_per_class is {count} and class {name!r} has {len(members)} examples; "
            "ask for at least 1 and at most that many"
        )
        raise InputError(message)
    return members[:count]


def _merge(examples: Examples, classes: list[str]) -> Examples:
    """Return examples under one label; the labels they had become the finer ones."""
    fine = examples.labels if len(classes) > 1 else examples.fine_labels
    return _relabel(examples, " or ".join(classes), fine)


def _relabel(examples: Examples, label: str, fine_labels: np.ndarray | None) -> Examples:
    return Examples(
        examples.inputs,
        examples.targets,
        ids=examples.ids,
        labels=np.full(len(examples), label),
        fine_labels=fine_labels,
        thumbnails=examples.thumbnails,
        texts=examples.texts,
    )


def _with_coarse_label(examples: Examples, side: str, target: float) -> Examples:
    labels = examples.labels
    if labels is None or len(np.unique(labels)) > 1:
        examples = _relabel(examples, side, examples.fine_labels if labels is None else labels)
    return examples.with_targets(torch.full((len(examples), 1), target))


def _check_apart(primary: Examples, auxiliary: Examples) -> None:
    shared = np.intersect1d(primary.ids.astype(str), auxiliary.ids.astype(str))
    if len(shared):
        message = (
            f"{len(shared)} ids are both primary and auxiliary, such as {shared[0]}; give every "
            "example one side and ids of its own"
        )
        raise InputError(message)
    ours, theirs = (str(_require_labels(each)[0]) for each in (primary, auxiliary))
    if ours == theirs:
        message = (
            f"the coarse label has one class: primary and auxiliary examples are both {ours!r}; "
            "give the two sets different labels"
        )
        raise InputError(message)


def _join(first: Examples, second: Examples) -> Examples:
    """Return one set after the other; what only one of them has is left out."""

    def both(name: str) -> np.ndarray | None:
        parts = getattr(first, name), getattr(second, name)
        if any(part is None for part in parts):
            return None
        has_one_shape = parts[0].shape[1:] == parts[1].shape[1:]
        return np.concatenate(parts) if has_one_shape else None

    texts = {name: both(name) for name in ("labels", "fine_labels", "thumbnails", "texts")}
    ids = [part.ids for part in (first, second)]
    is_mixed = len({part.dtype.kind for part in ids}) > 1
    return Examples(
        _join_inputs(first.inputs, second.inputs),
        torch.cat([each.require_targets("training") for each in (first, second)]),
        ids=np.concatenate([part.astype(str) for part in ids] if is_mixed else ids),
        **texts,
    )


def _join_inputs(
    first: Tensor | dict[str, Tensor], second: Tensor | dict[str, Tensor]
) -> Tensor | dict[str, Tensor]:
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return {name: _cat(first[name], second[name]) for name in first}
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return _cat(first, second)
    message = "primary and auxiliary inputs have different parts; give both the same"
    raise InputError(message)


def _cat(first: Tensor, second: Tensor) -> Tensor:
    if first.shape[1:] != second.shape[1:]:
        message = (
            f"primary inputs have shape {tuple(first.shape[1:])} and auxiliary inputs "
            f"{tuple(second.shape[1:])}; bring them to one shape"
        )
        raise InputError(message)
    return torch.cat([first, second])
