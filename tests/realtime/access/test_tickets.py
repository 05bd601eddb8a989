"""Tickets: whose socket they open, once, and which open none."""

import time

import pytest
from django.core.signing import Signer

from realtime.access import tickets
from realtime.access.tickets import read, redeem
from realtime.exceptions import TicketExpired
from realtime.models import UsedTicket
from realtime.tickets import issue

TOKEN = set("!#$%&'*+-.^_`|~0123456789") | {chr(c) for c in (*range(65, 91), *range(97, 123))}
"""What RFC 9110, section 5.6.2, allows in a token, and so in a subprotocol."""


def login(text, after=0.0):
    ticket = read(text)
    return None if ticket is None else redeem(ticket, time.time() + after)


def test_a_ticket_opens_a_socket_of_its_user(alice):
    found = login(issue(alice))
    assert (found.user, found.streams, found.expires) == (alice, None, None)


def test_it_may_be_a_subprotocol(alice):
    assert set(issue(alice, ["room.7", alice])) <= TOKEN


def test_it_names_the_only_streams(alice):
    found = login(issue(alice, ["room.7", alice]))
    assert found.streams == {"room.7", f"user.{alice.pk}"}
    assert login(issue(alice, "room.7")).streams == {"room.7"}
    assert login(issue(alice, [])).streams == frozenset()


def test_no_secret_of_the_user_is_in_it(alice):
    text = issue(alice)
    assert alice.get_session_auth_hash() not in str(read(text))
    assert alice.password not in str(read(text))


def test_it_is_good_once(alice):
    text = issue(alice)
    assert login(text).user == alice
    with pytest.raises(TicketExpired, match="used before"):
        login(text)


def test_it_is_good_for_its_time(alice):
    assert login(issue(alice, seconds=10), after=9.9).user == alice
    with pytest.raises(TicketExpired, match="has expired"):
        login(issue(alice, seconds=10), after=10.1)


def test_a_changed_password_voids_it(alice):
    text = issue(alice)
    alice.set_password("other")
    alice.save()
    assert login(text) is None


def test_a_user_who_is_deactivated_or_gone_has_none(alice):
    text, other = issue(alice), issue(alice)
    alice.is_active = False
    alice.save()
    assert login(text) is None
    alice.delete()
    assert login(other) is None


def test_a_forged_one_is_none(alice, settings):
    text = issue(alice)
    for at in (0, len(text) // 2, len(text) - 1):
        assert login(text[:at]) is None
        changed = "A" if text[at] != "A" else "B"
        assert login(text[:at] + changed + text[at + 1 :]) is None
    assert login(Signer(salt="realtime.streams", sep="~").sign_object(read(text))) is None
    assert login("x" * 10_000) is None
    settings.SECRET_KEY = "another site's"
    assert login(text) is None


def test_a_rotated_secret_key_voids_none_while_it_is_a_fallback(alice, settings):
    text = issue(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "rotated"
    assert login(text).user == alice


def test_a_ticket_from_before_the_user_model_was_changed_is_none(alice):
    ticket = read(issue(alice))._replace(user="not a number")
    assert redeem(ticket, time.time()) is None


def test_a_user_model_without_a_password_has_tickets(alice, monkeypatch):
    monkeypatch.delattr("django.contrib.auth.base_user.AbstractBaseUser.get_session_auth_hash")
    assert login(issue(alice)).user == alice


@pytest.fixture
def pruned_at_every_use(monkeypatch):
    monkeypatch.setattr(tickets, "PRUNE_EVERY", 0)
    monkeypatch.setattr(tickets, "_pruning", tickets._Pruning())


def test_what_need_not_be_remembered_is_removed_with_the_use_of_another(alice, pruned_at_every_use):
    now = int(time.time())
    UsedTicket.objects.create(nonce="long ended", expires=now - 7200)
    UsedTicket.objects.create(nonce="just ended", expires=now - 60)
    login(issue(alice))
    left = set(UsedTicket.objects.values_list("nonce", flat=True))
    assert "long ended" not in left and "just ended" in left and len(left) == 2


def test_many_are_removed_in_batches(alice, pruned_at_every_use, monkeypatch):
    monkeypatch.setattr(tickets, "BATCH", 2)
    monkeypatch.setattr(tickets, "PRUNE_EVERY", 3600)
    UsedTicket.objects.bulk_create(UsedTicket(nonce=str(n), expires=0) for n in range(5))
    for left in (3, 1, 0, 0):
        login(issue(alice))
        assert UsedTicket.objects.filter(expires=0).count() == left
