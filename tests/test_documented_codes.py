"""Each code that a page may get has an anchor of its own in docs/troubleshooting.md."""

import re
from pathlib import Path

from realtime.protocol.close_codes import CloseCode
from tests.test_docs import error_codes, named, section

PROJECT = Path(__file__).parents[1]
BY_THE_CLIENT = {"unknown_outcome", "not_connected", "hole"}


def entries(title: str) -> dict[str, str]:
    """Return what stands below each heading of a part of the document."""
    text = (PROJECT / "docs/troubleshooting.md").read_text()
    parts = re.split(r"^### (\S+)\n", section(text, title), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_close_code_has_an_anchor() -> None:
    assert {code for code in entries("Close codes") if code.isdigit()} == {
        str(int(code)) for code in CloseCode
    }


def test_each_error_code_has_an_anchor() -> None:
    protocol = section((PROJECT / "docs/protocol.md").read_text(), "Server to client")
    documented = set(named(protocol.partition("| error code |")[2]))
    assert error_codes() <= documented
    assert set(entries("Errors of a command")) == documented | BY_THE_CLIENT


def test_the_client_has_no_other_error_codes() -> None:
    sources = (PROJECT / "realtime/static/realtime").rglob("*.js")
    made = {
        code
        for path in sources
        for code in re.findall(r'RealtimeError\(\s*"(\w+)"', path.read_text())
    }
    assert BY_THE_CLIENT <= made <= set(entries("Errors of a command"))


def test_each_entry_has_a_cause_and_a_cure() -> None:
    for title in ("Close codes", "Errors of a command"):
        for code, text in entries(title).items():
            assert "**Cause:**" in text and "**Cure:**" in text, code
