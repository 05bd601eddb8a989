"""``manage.py simulate``."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from calls.simulator import faults
from calls.simulator.management.commands.simulate import ACTIONS, Command
from calls.simulator.words import WORDS
from tests.calls.simulator.town import Town, dial


@pytest.fixture(autouse=True)
def no_account(settings: pytest.FixtureRequest) -> None:
    settings.TWILIO_ACCOUNT_SID = ""


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("simulate", *arguments)
    return capsys.readouterr().out.strip()


def test_a_phone_is_picked_up_and_the_call_ends(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    town.twiml["voice"] = dial("agent_1", "agent_2")
    call = town.call_in()
    town.wait(1)
    assert said(capsys, "answer") == "client:agent_1 is picked up."
    town.wait(0)
    assert town.children(call.sid)["client:agent_1"] == "in-progress"
    assert said(capsys, "hangup") == "The call with +15550100123 ends."
    town.wait(0)
    assert town.state(call.sid) == "completed"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("answer", "No phone rings"),
        ("hangup", "no call"),
        ("caller-hangs-up", "No caller is in a call"),
    ],
)
def test_what_there_is_not(db: None, word: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("simulate", word)


def test_a_word_is_obeyed(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "twice") == "Each status callback comes twice."
    assert faults.active() == {"twice"}
    assert said(capsys, "behave") == "The company does everything right again."
    assert faults.active() == set()


def test_an_unknown_word(db: None) -> None:
    with pytest.raises(CommandError, match="There is no word 'explode'") as raised:
        call_command("simulate", "explode")
    known = [*ACTIONS, *(one.word for one in WORDS)]
    assert str(raised.value).endswith(f"say {', '.join(known)}.")


def test_the_help_has_all_words() -> None:
    for word in [*ACTIONS, *(one.word for one in WORDS)]:
        assert f"\n  {word} " in Command.help
