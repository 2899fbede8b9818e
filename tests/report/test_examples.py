import base64
import json
import zlib

import numpy as np
import pytest
import xarray as xr
from result_cases import make_result, random_result

from neurashed.report import examples
from neurashed.report.examples import choose_shown, encode_examples
from neurashed.report.page_text import describe_shown
from neurashed.report.ranked import Ranked
from neurashed.results import draw_sample


def decode(text: str) -> list[str]:
    """Return the texts of an axis as the page's script reads them."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def decode_array(encoded: dict) -> np.ndarray:
    """Return an array as the page's script reads it."""
    data = zlib.decompress(base64.b64decode(encoded["data"]))
    return np.frombuffer(data, encoded["dtype"]).reshape(encoded["shape"])


def encode(result: xr.DataArray, ranked: Ranked | None = None) -> dict:
    """Return what the page's script reads of a result."""
    return encode_examples(result, choose_shown(draw_sample(result)), ranked).data


def make_ranked(num_sources: int, num_ranks: int) -> Ranked:
    """Return top probes that are the next sources, in order."""
    places = (np.arange(num_sources)[:, None] + 1 + np.arange(num_ranks)) % num_sources
    values = np.broadcast_to(1 / (1 + np.arange(num_ranks)), places.shape)
    return Ranked(values.copy(), places, np.arange(float(num_sources)))


def test_the_same_examples_are_sent_once() -> None:
    assert encode(random_result())["probes"] is None
    two_sets = make_result(np.eye(2), ["a", "b"], ["a", "b"])
    assert decode(encode(two_sets)["probes"]["ids"]) == ["p0", "p1"]


def test_other_examples_with_the_same_ids_are_sent() -> None:
    result = make_result(np.eye(2), ["a", "b"])
    relabelled = result.assign_coords(probe_label=("probe", np.array(["b", "a"])))
    labels = encode(relabelled)["probes"]["labels"]
    assert [labels["names"][number] for number in decode_array(labels["numbers"])] == ["b", "a"]


def test_long_texts_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    result = make_result(np.eye(2), ["a", "b"])
    long = result.assign_coords(source_text=("source", np.array(["x" * 900, "short"])))
    cut, short = decode(encode(long)["sources"]["texts"])
    assert len(cut) == 601
    assert cut.endswith("…")
    assert short == "short"
    monkeypatch.setattr("neurashed.report.axes._MOST_TEXT_BYTES", 200)
    assert len(decode(encode(long)["sources"]["texts"])[0]) == 101


def test_a_larger_result_is_thinned_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MOST_EXAMPLES", 4)
    result = random_result(num_examples=10)
    sample = draw_sample(result)
    shown = choose_shown(sample)
    assert shown.result["source"].values.tolist() == ["x0", "x3", "x6", "x9"]
    assert shown.sources.tolist() == shown.probes.tolist() == [0, 3, 6, 9]
    assert shown.result.equals(result[[0, 3, 6, 9], [0, 3, 6, 9]])
    assert describe_shown(result, sample, shown).endswith(
        "4 of 10 sources and 4 of 10 probes, evenly spaced; the summaries use all."
    )
    # Without top probes nothing is known of the others, so they are not sent.
    assert decode(encode(result)["sources"]["ids"]) == ["x0", "x3", "x6", "x9"]
    assert encode(result)["map"]["sources"] is None


def test_with_top_probes_all_examples_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MOST_EXAMPLES", 4)
    result = random_result(num_examples=10)
    ranked = make_ranked(10, 3)
    ranked.places[9, 2] = -1
    ranked.values[9, 2] = np.nan
    data = encode(result, ranked)
    assert len(decode(data["sources"]["ids"])) == 10
    assert decode_array(data["map"]["sources"]).tolist() == [0, 3, 6, 9]
    assert decode_array(data["ranked"]["places"])[8].tolist() == [9, 0, 1]
    assert decode_array(data["ranked"]["places"])[9].tolist() == [0, 1, 0]
    assert np.isnan(decode_array(data["ranked"]["values"])[9, 2])
    assert decode_array(data["ranked"]["own"]).tolist() == list(range(10))


def test_as_many_ranks_are_sent_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MOST_EXAMPLES", 4)
    monkeypatch.setattr(examples, "_MOST_RANKED", 25)
    result = random_result(num_examples=10)
    found = encode_examples(result, choose_shown(draw_sample(result)), make_ranked(10, 5))
    assert found.num_ranks == 2
    assert found.data["ranked"]["places"]["shape"] == [10, 2]


def test_where_all_pairs_are_sent_top_probes_are_not_needed() -> None:
    data = encode(random_result(num_examples=10), make_ranked(10, 3))
    assert data["ranked"] is None
    assert data["map"]["sources"] is None


def test_the_page_says_how_exact_its_values_are() -> None:
    result = random_result()
    assert "rounded to float32" in describe_shown(result, *[draw_sample(result)] * 2)
    single = result.astype(np.float32)
    assert "bit for bit" in describe_shown(single, *[draw_sample(single)] * 2)
