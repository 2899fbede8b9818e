import base64
import zlib

import numpy as np
import pytest

from neurashed.report.encoding import encode_array, encode_text


@pytest.mark.parametrize("dtype", ["float32", "uint16", "uint32"])
def test_arrays_come_back_bit_for_bit(dtype: str) -> None:
    array = np.arange(24).reshape(4, 6).astype(dtype)[::2, ::3]
    encoded = encode_array(array)
    data = zlib.decompress(base64.b64decode(encoded["data"]))
    back = np.frombuffer(data, np.dtype(encoded["dtype"]).newbyteorder("<"))
    assert np.array_equal(back.reshape(encoded["shape"]), array)


def test_undefined_values_survive() -> None:
    encoded = encode_array(np.array([np.nan, np.inf, -0.0], np.float32))
    back = np.frombuffer(zlib.decompress(base64.b64decode(encoded["data"])), "<f4")
    assert np.isnan(back[0])
    assert back[1] == np.inf
    assert np.signbit(back[2])


def test_big_endian_arrays_are_turned() -> None:
    assert encode_array(np.array([1.5], ">f4")) == encode_array(np.array([1.5], "<f4"))


def test_encoded_text_cannot_end_a_script() -> None:
    encoded = encode_text("</script> é")
    assert "<" not in encoded
    assert zlib.decompress(base64.b64decode(encoded)).decode() == "</script> é"
