import json
from pathlib import Path

from realtime.protocol.close_codes import CloseCode, may_reconnect

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "close_codes.json").read_text())


def test_the_table():
    assert {str(int(code)): code.reason for code in CloseCode} == VECTORS["reasons"]


def test_who_may_come_back():
    assert {code: may_reconnect(int(code)) for code in VECTORS["may_reconnect"]} == VECTORS[
        "may_reconnect"
    ]
