import math

import numpy as np
import pytest

from neurashed.data import weigh_words
from neurashed.errors import InputError

TEXTS = ["a red red bird", "a blue bird", "a blue fish", "?"]


def test_weights_are_counts_times_rarity_at_length_one():
    # scikit-learn's rarity of a word in d of n texts: ln((1 + n) / (1 + d)) + 1.
    often, rare = math.log(5 / 3) + 1, math.log(5 / 2) + 1
    words = {"bird": often, "blue": often, "fish": rare, "red": rare}
    counts = np.array([[1, 0, 0, 2], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
    expected = counts * np.array([*words.values()])
    expected[:3] /= np.linalg.norm(expected[:3], axis=1, keepdims=True)
    got = weigh_words(TEXTS)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_the_most_frequent_words_count_and_of_equal_ones_the_first_by_alphabet():
    # Twice each: bird, blue, red. Once: fish.
    assert (weigh_words(TEXTS, num_words=2) > 0).tolist() == [
        [True, False],
        [True, True],
        [False, True],
        [False, False],
    ]


def test_words_and_weights_come_from_the_corpus():
    alone = weigh_words(["Blue whale"], corpus=TEXTS)
    np.testing.assert_allclose(alone, [[0, 1, 0, 0]])
    weighed = weigh_words(TEXTS)
    for place, text in enumerate(TEXTS):
        np.testing.assert_array_equal(weigh_words([text], corpus=TEXTS), weighed[[place]])


@pytest.mark.parametrize(
    ("texts", "num_words", "message"),
    [
        ([], 3, "0 texts and num_words=3; give at least 1 of each"),
        (TEXTS, 0, "4 texts and num_words=0; give at least 1 of each"),
        (["?", "!"], 3, "the 2 texts of the corpus hold no word; give texts with words"),
    ],
)
def test_nothing_to_weigh_is_refused(texts: list[str], num_words: int, message: str):
    with pytest.raises(InputError, match=message):
        weigh_words(texts, num_words=num_words)
