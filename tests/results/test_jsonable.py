"""Anything a result may say about itself goes into JSON and comes back."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neurashed.errors import InputTypeError
from neurashed.results.jsonable import to_jsonable


@dataclass(frozen=True)
class _Settings:
    lr: float
    patterns: tuple[str, ...]


def test_becomes_plain_json():
    value = {
        "settings": _Settings(0.5, ("a", "b")),
        "array": np.array([[1, 2], [3, 4]]),
        "number": np.float32(0.25),
        "flag": np.True_,
        "path": Path("a/b"),
        "nothing": None,
        "big": 2**70,
    }
    converted = to_jsonable(value, "value")
    assert converted == {
        "settings": {"lr": 0.5, "patterns": ["a", "b"]},
        "array": [[1, 2], [3, 4]],
        "number": 0.25,
        "flag": True,
        "path": str(Path("a/b")),
        "nothing": None,
        "big": 2**70,
    }
    assert json.loads(json.dumps(converted, allow_nan=False)) == converted


def test_numbers_without_a_json_word_are_named():
    values = [float("nan"), np.inf, -np.float32(np.inf)]
    assert to_jsonable(values, "values") == ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, {2}]}, r"settings\['a'\]\[1\] holds a set, which JSON cannot hold"),
        ({"a": {1: 2}}, r"settings\['a'\] has the key 1; give strings as keys"),
        (np.array([1j]), r"settings\[0\] holds a complex"),
        (_Settings, "settings holds a type"),
    ],
)
def test_refuses_the_rest_and_says_where(value: object, message: str):
    with pytest.raises(InputTypeError, match=message):
        to_jsonable(value, "settings")
