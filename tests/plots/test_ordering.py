import numpy as np
import pytest
from result_cases import make_result

from neurashed.errors import InputError
from neurashed.plots import available_orders, order_examples, sort_labels


def test_classes_stand_together_in_the_order_of_their_names() -> None:
    labels = ["10", "9", "10", "9", "9"]
    result = make_result(np.eye(5), labels)
    sources, probes = order_examples(result, "class")
    assert [labels[at] for at in sources] == ["9", "9", "9", "10", "10"]
    assert np.array_equal(sources, probes)


def test_within_a_class_finer_classes_stand_together() -> None:
    result = make_result(np.eye(4), ["a"] * 4)
    sources, _ = order_examples(result, "class")
    fine = result["source_fine_label"].values[sources].tolist()
    assert fine == ["a/0", "a/0", "a/1", "a/1"]


def test_every_order_holds_every_example_once() -> None:
    values = np.random.default_rng(0).random((6, 4))
    result = make_result(values, list("ababab"), list("abab"))
    for order in available_orders(result):
        sources, probes = order_examples(result, order)
        assert sorted(sources) == list(range(6))
        assert sorted(probes) == list(range(4))


def test_an_order_that_needs_missing_labels_is_refused() -> None:
    result = make_result(np.eye(2), ["a", "b"]).drop_vars("probe_label")
    assert available_orders(result) == ["fine_class", "similarity", "given"]
    with pytest.raises(InputError, match="no label of sources and probes; use one of"):
        order_examples(result, "class")


def test_numbers_in_labels_sort_as_numbers() -> None:
    labels = np.array(["class 10", "class 2", "b", "10", "2", "2a"])
    assert sort_labels(labels) == ["2", "2a", "10", "b", "class 2", "class 10"]
