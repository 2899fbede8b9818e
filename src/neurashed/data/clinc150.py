"""Reads CLINC150: short requests to an assistant, with an intent each and a domain each."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from neurashed.data.choices import check_choice
from neurashed.data.examples import Examples
from neurashed.data.folders import find_file
from neurashed.data.subset import WHOLE_SET, Subset
from neurashed.data.words import weigh_words
from neurashed.errors import InputError

__all__ = ["load_clinc150"]

_TEXTS, _DOMAINS = "data_full.json", "domains.json"
_SPLITS = ("train", "val", "test")


def load_clinc150(
    folder: str | Path,
    split: str = "train",
    *,
    subset: Subset = WHOLE_SET,
    num_words: int = 2_000,
) -> Examples:
    """Return requests to an assistant as TF-IDF, labelled with 10 domains and 150 finer intents.

    Words and their weights are learned from the training texts, whatever the split. Requests
    outside all intents, which the file lists apart, are left out.

    Args:
        folder: Holds ``data_full.json`` (lists of ``[text, intent]`` by split) and
            ``domains.json`` (lists of intents by domain).
        split: ``"train"``, ``"val"`` or ``"test"``.
        subset: Which texts, where classes are domains.
        num_words: Numbers in one input: how many words count, see `weigh_words`.

    Returns:
        The examples, with inputs ``(example, word)``, the numbers of domains in the order of the
        file as targets, domains as labels, intents as finer labels, the texts, and ids such as
        ``"train/17"`` after their place in the file.

    References:
        An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction (Larson and
        others, 2019), https://aclanthology.org/D19-1131
    """
    check_choice(split, _SPLITS, what="split")
    place = Path(folder).expanduser()
    corpus, _ = _read_split(find_file(place, [_TEXTS]), "train")
    texts, intents = _read_split(find_file(place, [_TEXTS]), split)
    names, numbers = _find_domains(find_file(place, [_DOMAINS]), intents)
    domains = np.array(names)[numbers]
    chosen = subset.indices(domains, numbers.astype(str))
    shown = [texts[row] for row in chosen]
    return Examples(
        weigh_words(shown, corpus=corpus, num_words=num_words),
        numbers[chosen],
        ids=[f"{split}/{row}" for row in chosen],
        labels=domains[chosen],
        fine_labels=np.array(intents)[chosen],
        texts=np.array(shown),
    )


def _read_split(path: Path, split: str) -> tuple[list[str], list[str]]:
    """Return texts and intents of a part of the file."""
    content = _read_json(path)
    pairs = content.get(split)
    if not isinstance(pairs, list) or not pairs or not all(map(_is_pair, pairs)):
        message = (
            f"{path} has no list of [text, intent] under {split!r}; give data_full.json of CLINC150"
        )
        raise InputError(message)
    texts, intents = zip(*pairs, strict=True)
    return list(texts), list(intents)


def _is_pair(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, list) and [type(each) for each in value] == [str, str]


def _find_domains(path: Path, intents: list[str]) -> tuple[list[str], np.ndarray]:
    """Return the names of the domains and the number of each intent's."""
    content = _read_json(path)
    number_of: dict[str, int] = {}
    for number, (domain, members) in enumerate(content.items()):
        if not isinstance(members, list) or not all(isinstance(each, str) for each in members):
            message = f"{path} has no list of intents under {domain!r}; give domains.json"
            raise InputError(message)
        twice = [each for each in members if each in number_of]
        if twice:
            message = f"{path} has intent {twice[0]!r} twice; give each intent one domain"
            raise InputError(message)
        number_of |= dict.fromkeys(members, number)
    missing = sorted(set(intents) - number_of.keys())
    if missing:
        message = (
            f"{path} has no domain for {len(missing)} intents, such as {missing[0]!r}; get both "
            "files from one place"
        )
        raise InputError(message)
    return list(content), np.array([number_of[each] for each in intents])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read as JSON ({error}); get it again"
        raise InputError(message) from error
    if not isinstance(content, dict):
        message = f"{path} holds a {type(content).__name__} where lists by name are expected"
        raise InputError(f"{message}; give the files of CLINC150")
    return content
