import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from neurashed.data import load_cifar10, load_digits, load_examples, load_mnist
from neurashed.errors import InputError, InputTypeError

MODULE = """
import torch
from neurashed.data import Examples

def make_pairs():
    return Examples(torch.rand(4, 2), torch.tensor([0, 1, 0, 1]))

def make_number(): return 3

def make_sized(size): return size

def make_many(*sizes, **more): return make_pairs()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # A module of the user's own.
    name = "module_of_the_user"
    (tmp_path / f"{name}.py").write_text(MODULE)
    (tmp_path / f"{name}_broken.py").write_text("import package_that_is_missing")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


def test_digits_with_options():
    examples = load_examples("digits?classes=5,3&per_class=4&targets=index&layout=flat")
    chosen = [int(label) for label in examples.labels]
    assert sorted(chosen) == [3] * 4 + [5] * 4
    assert examples.targets.tolist() == [{5: 0, 3: 1}[label] for label in chosen]
    assert examples.inputs.shape == (8, 64)


def test_plain_digits():
    assert load_examples("digits").checksum() == load_digits().checksum()


def test_skipped_and_taken_examples_are_apart():
    taken = load_examples("digits?per_class=5")
    others = load_examples("digits?skip_per_class=5&per_class=5&first=40")
    assert len(others) == 40
    assert not set(taken.ids) & set(others.ids)


def test_mnist(mnist_folder: Path):
    examples = load_examples(f"mnist:{mnist_folder}?split=test&scale=signed&classes=8")
    assert examples.ids.tolist() == ["test/0", "test/2"]
    assert examples.inputs.min() < -0.9
    assert load_examples(f"mnist:{mnist_folder}").checksum() == load_mnist(mnist_folder).checksum()


def test_cifar10(cifar_folder: Path):
    examples = load_examples(f"cifar10:{cifar_folder}?classes=cat,8&first=3&approximate=drop")
    assert examples.targets.tolist() == [3, 8, 3]
    train = load_examples(f"cifar10:{cifar_folder}")
    assert train.checksum() == load_cifar10(cifar_folder).checksum()


@pytest.mark.parametrize("prefix", ["npz:", ""])
def test_npz(tmp_path: Path, prefix: str):
    np.savez(tmp_path / "my set.npz", inputs=np.zeros((3, 2)), labels=["a,b", "c", "a,b"])
    spec = f"{prefix}{tmp_path}/my set.npz"
    assert len(load_examples(spec)) == 3
    assert load_examples(f"{spec}?classes=a%2Cb").ids.tolist() == ["my set/0", "my set/2"]


def test_functions(module: str):
    assert len(load_examples(f"{module}:make_pairs")) == 4
    assert load_examples(f"{module}:make_pairs?classes=1").targets.tolist() == [1, 1]
    assert len(load_examples(f"{module}:make_many")) == 4


def test_keywords_are_options():
    by_keyword = load_examples("digits?classes=3,5", per_class=2, layout="flat")
    by_string = load_examples("digits?classes=3,5&per_class=2&layout=flat")
    assert by_keyword.checksum() == by_string.checksum()
    with pytest.raises(InputError, match=r"per_class is given in 'digits\?per_class=2' and as a"):
        load_examples("digits?per_class=2", per_class=2)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("digit", "data 'digit' has an unknown form; use one of digits, mnist:FOLDER, cifar10:FOL"),
        ("mnist:", "data 'mnist:' has an unknown form"),
        ("cifar100:folder/", "data 'cifar100:folder/' has an unknown form"),
        ("mnist:/no/folder", "/no/folder does not exist; give a folder with train-labels-idx1-u"),
        ("cifar10:/no/folder", "/no/folder does not exist; give a folder with data_batch_1.bin"),
        ("no_such_file.npz", "no_such_file.npz is no file; give an .npz file"),
        ("digits?per_clas=3", "unknown option of 'digits': 'per_clas'; did you mean 'per_class'?"),
        ("digits?split=test", "unknown option of 'digits': 'split'; use one of layout, scale, cla"),
        ("digits?per_class=few", "option per_class is 'few'; give a whole number"),
        ("digits?per_class=-3", "option per_class is '-3'; give a whole number"),
        ("digits?per_class=0", "per_class is 0; give at least 1"),
        ("digits?per_class=999", "class '8' has 174 examples and 999 after the first 0 are wanted"),
        ("digits?classes=3,x", "no example is of class 'x'; there are 0, 1, 2"),
        ("digits?first", "option 'first' has no name or value; write name=value&name=value"),
        ("digits?first=1&first=2", "option first occurs twice; give it once"),
        ("digits?targets=indices", "unknown form of targets 'indices'; did you mean 'index'?"),
        ("digits?layout=imag", "unknown layout 'imag'; did you mean 'image'?"),
        ("no_such_module:make", "there is no module 'no_such_module'; start where Python can"),
        ("os.no_such:make", "there is no module 'os.no_such'"),
    ],
)
def test_specs_are_refused(spec: str, message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        load_examples(spec)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("make_pair", "has no function 'make_pair'; did you mean 'make_pairs'? use one of make_"),
        ("torch", "has no function 'torch'; use one of make_pairs, make_number"),
        ("make_sized", "called without arguments but has missing a required argument: 'size'"),
        ("make_number", "module_of_the_user:make_number returned a int; return neurashed.Examples"),
    ],
)
def test_functions_are_refused(module: str, function: str, message: str):
    with pytest.raises((InputError, InputTypeError), match=re.escape(message)):
        load_examples(f"{module}:{function}")


def test_an_import_that_fails_inside_the_module_is_shown_as_it_is(module: str):
    with pytest.raises(ModuleNotFoundError, match="package_that_is_missing"):
        load_examples(f"{module}_broken:make")


def test_types_are_those_a_network_takes():
    examples = load_examples("digits?first=2")
    assert examples.inputs.dtype == torch.float32
    assert examples.targets.dtype == torch.int64
