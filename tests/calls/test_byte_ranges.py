"""The part of a file that a browser asks for."""

import pytest

from calls.byte_ranges import Unsatisfiable, wanted_bytes


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-", range(0, 100)),
        ("bytes=0-0", range(0, 1)),
        ("bytes=10-19", range(10, 20)),
        ("bytes=90-1000", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-1000", range(0, 100)),
        (" bytes=5-6 ", range(5, 7)),
    ],
)
def test_one_range(header: str, wanted: range) -> None:
    assert wanted_bytes(header, 100) == wanted


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,5-6", "items=0-1", "bytes=9-3"],
)
def test_anything_else_is_the_whole_file(header: str) -> None:
    assert wanted_bytes(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_bytes_that_are_not_there(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        wanted_bytes(header, 100)


def test_an_empty_file_has_no_bytes() -> None:
    with pytest.raises(Unsatisfiable):
        wanted_bytes("bytes=0-", 0)
