"""Turns texts into numbers: how often each word occurs, and how much it tells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from neurashed.errors import InputError

__all__ = ["weigh_words"]


def weigh_words(
    texts: Sequence[str], *, corpus: Sequence[str] | None = None, num_words: int = 2_000
) -> Float[np.ndarray, "text word"]:
    """Return the TF-IDF of texts: counts of words, the rarer a word the larger its weight.

    A word has at least two letters or digits; case does not matter. Texts in which no word is known
    become zeros, all others have length 1.

    Args:
        texts: The texts.
        corpus: Texts from which words and weights are learned, such as a training set; the texts
            themselves if None.
        num_words: How many words count, the most frequent in the corpus; of words that are equally
            frequent the first by alphabet.

    Returns:
        Weights in float32, with a column for each word by alphabet.

    Raises:
        InputError: If there is no text, the corpus has no word, or ``num_words`` is below 1.

    Example:
        >>> weigh_words(["to be", "to be or not to be", "to do"], num_words=2).round(2)
        array([[0.79, 0.61],
               [0.79, 0.61],
               [0.  , 1.  ]], dtype=float32)

    References:
        A Statistical Interpretation of Term Specificity and Its Application in Retrieval (Karen
        Spärck Jones, 1972), https://doi.org/10.1108/eb026526
    """
    corpus = texts if corpus is None else corpus
    if not texts or num_words < 1:
        message = f"{len(texts)} texts and num_words={num_words}; give at least 1 of each"
        raise InputError(message)
    counter = CountVectorizer()
    try:
        table: Any = counter.fit_transform(corpus)
    except ValueError as error:
        message = f"the {len(corpus)} texts of the corpus hold no word; give texts with words"
        raise InputError(message) from error
    words = counter.get_feature_names_out()
    counts = np.asarray(table.sum(axis=0)).ravel()
    frequent = np.lexsort((words, -counts))[:num_words]
    model = TfidfVectorizer(vocabulary=sorted(words[frequent]))
    return model.fit(corpus).transform(texts).astype(np.float32).toarray()
