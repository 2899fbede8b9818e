import numpy as np
import pytest
from result_cases import make_result, random_result

from neurashed.report import examples
from neurashed.report.examples import choose_shown, encode_examples, shrink_thumbnails
from neurashed.report.page_text import describe_shown


def test_the_same_examples_are_sent_once() -> None:
    assert encode_examples(random_result())["probes"] is None
    two_sets = make_result(np.eye(2), ["a", "b"], ["a", "b"])
    assert encode_examples(two_sets)["probes"]["ids"] == ["p0", "p1"]


def test_other_examples_with_the_same_ids_are_sent() -> None:
    result = make_result(np.eye(2), ["a", "b"])
    relabelled = result.assign_coords(probe_label=("probe", np.array(["b", "a"])))
    assert encode_examples(relabelled)["probes"]["labels"] == ["b", "a"]


def test_long_texts_are_cut() -> None:
    result = make_result(np.eye(2), ["a", "b"])
    long = result.assign_coords(source_text=("source", np.array(["x" * 900, "short"])))
    cut, short = encode_examples(long)["sources"]["texts"]
    assert len(cut) == 601
    assert cut.endswith("…")
    assert short == "short"


def test_shrinking_averages_blocks() -> None:
    image = np.array([[[0, 4, 9], [8, 12, 9], [9, 9, 9]]], np.uint8)
    assert shrink_thumbnails(image, 2).tolist() == [[[6]]]
    assert shrink_thumbnails(np.stack([image] * 3, axis=-1), 2).shape == (1, 1, 1, 3)


def test_large_thumbnails_are_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "_MOST_THUMBNAIL_BYTES", 12)
    shape = encode_examples(make_result(np.eye(2), ["a", "b"]))["sources"]["thumbnails"]["shape"]
    assert shape == [2, 2, 1]


def test_a_large_result_is_thinned_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MOST_EXAMPLES", 4)
    result = random_result(num_examples=10)
    shown = choose_shown(result)
    assert shown["source"].values.tolist() == ["x0", "x3", "x6", "x9"]
    assert shown.equals(result[[0, 3, 6, 9], [0, 3, 6, 9]])
    assert describe_shown(result, shown).endswith(
        "4 of 10 sources and 4 of 10 probes, evenly spaced; the summaries use all."
    )


def test_the_page_says_how_exact_its_values_are() -> None:
    result = random_result()
    assert "rounded to float32" in describe_shown(result, result)
    single = result.astype(np.float32)
    assert "bit for bit" in describe_shown(single, single)
