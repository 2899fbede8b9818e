"""A class table survives its file, and a damaged file is refused."""

import json
from pathlib import Path

import pytest
import xarray as xr
from result_cases import random_result

from neurashed.errors import StoreError
from neurashed.results import class_table, open_class_table, save_class_table


def test_a_table_comes_back_as_it_was(tmp_path: Path):
    table = class_table(random_result(), statistic="mean", num_bootstrap=20)
    found = open_class_table(save_class_table(table, tmp_path / "table.json"))
    xr.testing.assert_identical(found, table)


@pytest.mark.parametrize("content", ["", "[]", '{"classes": {}}', '{"attrs": {}, "cells": 1}'])
def test_anything_else_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "table.json"
    path.write_text(content)
    with pytest.raises(StoreError, match="holds no class table"):
        open_class_table(path)


def test_a_changed_digit_is_found(tmp_path: Path):
    table = class_table(random_result(), statistic="mean", num_bootstrap=20)
    path = save_class_table(table, tmp_path / "table.json")
    content = json.loads(path.read_text())
    content["cells"]["count"][0][0] += 1
    path.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=r"table\.json is damaged: its numbers are not those"):
        open_class_table(path)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(StoreError, match="holds no class table"):
        open_class_table(tmp_path / "nothing.json")
