import json
import re
from pathlib import Path

import numpy as np
import pytest
from clinc150_files import DOMAINS, write_clinc150

from neurashed.data import Subset, load_clinc150, load_examples, weigh_words
from neurashed.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_clinc150(tmp_path / "clinc150", per_intent=3)


def test_texts_carry_domain_and_intent(folder: Path):
    examples = load_clinc150(folder)
    written = json.loads((folder / "data_full.json").read_text())["train"]
    domain_of = {intent: name for name, members in DOMAINS.items() for intent in members}
    assert list(zip(examples.texts, examples.fine_labels, strict=True)) == list(map(tuple, written))
    assert examples.labels.tolist() == [domain_of[intent] for _, intent in written]
    assert examples.targets.tolist() == [0] * 9 + [1] * 9 + [2] * 6
    assert examples.ids.tolist() == [f"train/{row}" for row in range(24)]
    np.testing.assert_array_equal(examples.inputs, weigh_words([text for text, _ in written]))


def test_words_are_those_of_the_training_texts(folder: Path):
    content = json.loads((folder / "data_full.json").read_text())
    content["test"][0][0] = "pets zebra zebra"
    (folder / "data_full.json").write_text(json.dumps(content))
    test = load_clinc150(folder, "test")
    corpus = [text for text, _ in content["train"]]
    assert test.ids[0] == "test/0"
    assert len(test) == 16
    assert test.inputs.shape[1] == load_clinc150(folder).inputs.shape[1]
    np.testing.assert_array_equal(test.inputs[:1], weigh_words(["pets"], corpus=corpus))


def test_a_subset_keeps_its_places_and_weights(folder: Path):
    whole = load_clinc150(folder)
    some = load_clinc150(folder, subset=Subset(classes=("work",), per_class=2))
    assert some.ids.tolist() == ["train/18", "train/19"]
    np.testing.assert_array_equal(some.inputs, whole.inputs[18:20])


def test_a_spec_names_split_words_and_domains(folder: Path):
    examples = load_examples(f"clinc150:{folder}?split=val&num_words=5&classes=pets,2")
    assert examples.ids.tolist() == [f"val/{row}" for row in (0, 1, 2, 6, 7)]
    assert examples.inputs.shape == (5, 5)
    with pytest.raises(InputError, match="option num_words is 'many'; give a whole number"):
        load_examples(f"clinc150:{folder}?num_words=many")


def test_missing_files_and_unknown_splits_are_refused(folder: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere does not exist; give a folder with data_full"):
        load_clinc150(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"unknown split 'vla'; did you mean 'val'\?"):
        load_clinc150(folder, "vla")
    with pytest.raises(InputError, match="unknown split 'oos_train'; did you mean 'train'"):
        load_clinc150(folder, "oos_train")
    (folder / "domains.json").unlink()
    with pytest.raises(InputError, match=r"lacks a file: looked for domains\.json; give the"):
        load_clinc150(folder)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("data_full.json", "{", "data_full.json cannot be read as JSON (Expecting"),
        ("data_full.json", b"\xff\xfe", "data_full.json cannot be read as JSON ('utf-8' codec"),
        ("data_full.json", [], "data_full.json holds a list where lists by name are expected; giv"),
        ("data_full.json", {}, "has no list of [text, intent] under 'train'; give data_full.json"),
        ("data_full.json", {"train": []}, "has no list of [text, intent] under 'train'"),
        ("data_full.json", {"train": [["hello"]]}, "has no list of [text, intent] under 'train'"),
        ("data_full.json", {"train": [["hello", 3]]}, "has no list of [text, intent] under"),
        ("domains.json", {"pets": "feed"}, "has no list of intents under 'pets'; give domains.js"),
        ("domains.json", {"pets": [1]}, "has no list of intents under 'pets'"),
        ("domains.json", {"a": ["b"], "c": ["b"]}, "has intent 'b' twice; give each intent one do"),
        ("domains.json", {"pets": ["feed", "walk", "wash"]}, "has no domain for 5 intents, such a"),
    ],
)
def test_damaged_and_foreign_files_are_refused(
    folder: Path, file: str, content: object, message: str
):
    written = content if isinstance(content, str | bytes) else json.dumps(content)
    (folder / file).write_bytes(written if isinstance(written, bytes) else written.encode())
    with pytest.raises(InputError, match=re.escape(message)):
        load_clinc150(folder)
