from pathlib import Path

import pytest

from neurashed.errors import InputError
from neurashed.experiments.he_su_2020 import find_class_numbers

LINES = ["n01440764 tench, Tinca tinca", "n02012849 crane", "tiger", "n03126707 crane"]


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("\n".join(LINES), encoding="utf-8")
    return path


def test_classes_of_the_paper_are_known_in_imagenet():
    found = find_class_numbers(["Brown_bear", "leopard", "n02129604"], num_outputs=1_000)
    assert found == {"Brown_bear": 294, "leopard": 288, "n02129604": 292}


@pytest.mark.parametrize("folder", ["7", "7_tabby", "007-tabby", "7 tabby", "7.tabby"])
def test_a_name_may_begin_with_the_number(folder: str):
    assert find_class_numbers([folder], num_outputs=10) == {folder: 7}


def test_digits_within_a_word_are_no_number(names: Path):
    with pytest.raises(InputError, match="stands for class '3rd'"):
        find_class_numbers(["3rd"], num_outputs=4, names=names)


def test_as_many_folders_as_outputs_stand_in_order():
    assert find_class_numbers(["b", "a", "c"], num_outputs=3) == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("folder", "number"), [("Tinca_tinca", 0), ("n02012849", 1), ("TIGER", 2), ("n03126707", 3)]
)
def test_names_come_from_a_file(names: Path, folder: str, number: int):
    assert find_class_numbers([folder], num_outputs=4, names=names) == {folder: number}


def test_a_file_is_preferred_to_the_order(names: Path):
    folders = ["n02012849", "n03126707", "tench", "tiger"]
    found = find_class_numbers(folders, num_outputs=4, names=names)
    assert list(found.values()) == [1, 3, 0, 2]


def test_a_name_of_two_classes_is_refused(names: Path):
    with pytest.raises(InputError, match="outputs stands for class 'crane'"):
        find_class_numbers(["crane"], num_outputs=4, names=names)


def test_an_unknown_class_suggests_the_nearest(names: Path):
    with pytest.raises(InputError) as raised:
        find_class_numbers(["tigre"], num_outputs=4, names=names)
    assert "which of the network's 4 outputs stands for class 'tigre'" in str(raised.value)
    assert "did you mean 'tiger'? begin the folder's name with the number" in str(raised.value)


def test_a_number_beyond_the_outputs_is_refused():
    with pytest.raises(InputError, match="class '4_x' has number 4 and the network has 4 outputs"):
        find_class_numbers(["4_x"], num_outputs=4)


def test_two_folders_of_one_class_are_refused():
    with pytest.raises(InputError, match="'tiger' and '292' are both output 292"):
        find_class_numbers(["tiger", "292"], num_outputs=1_000)


def test_a_file_of_another_length_is_refused(names: Path):
    with pytest.raises(InputError, match=r"names\.txt has 4 lines and the network 5 outputs"):
        find_class_numbers(["tiger"], num_outputs=5, names=names)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"nothing\.txt cannot be read"):
        find_class_numbers(["tiger"], num_outputs=5, names=tmp_path / "nothing.txt")
