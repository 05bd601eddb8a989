"""Signed names: what their holder may do, and what nobody may do who changes one."""

import time
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.signing import Signer

from realtime.access.signed_names import may_follow, sign

ALICE = SimpleNamespace(pk=1)
BOB = SimpleNamespace(pk=2)


def test_an_unbound_name_is_good_for_all():
    name = sign("room.7")
    assert name.startswith("room.7~")
    assert may_follow(name, ALICE) and may_follow(name, BOB) and may_follow(name, AnonymousUser())


def test_a_bound_one_is_good_for_its_user():
    name = sign("room.7", user="user.1")
    assert may_follow(name, ALICE)
    assert not may_follow(name, BOB) and not may_follow(name, AnonymousUser())


def test_it_ends(monkeypatch):
    name = sign("room.7", seconds=60)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 59)
    assert may_follow(name, ALICE)
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert not may_follow(name, ALICE)


def test_a_change_of_any_character_voids_it():
    name = sign("room.7", user="user.1", seconds=60)
    for at in range(len(name)):
        other = "A" if name[at] != "A" else "B"
        assert not may_follow(name[:at] + other + name[at + 1 :], ALICE)
        assert not may_follow(name[:at], ALICE)


@pytest.mark.parametrize("forged", ["room.7~", "room.7~~~", "~", "room.7~~~\ud800", "room.7~~~é"])
def test_what_was_never_signed_is_refused(forged):
    assert not may_follow(forged, ALICE)


def test_a_signature_for_other_things_is_none():
    assert not may_follow(Signer(salt="another", sep="~").sign("room.7~~"), ALICE)


def test_a_rotated_secret_key_is_good_while_it_is_a_fallback(settings):
    name = sign("room.7")
    settings.SECRET_KEY, old = "rotated", settings.SECRET_KEY
    assert not may_follow(name, ALICE)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert may_follow(name, ALICE)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_an_age_that_makes_no_sense_is_refused(seconds):
    with pytest.raises(ValueError, match="seconds is above 0"):
        sign("room.7", seconds=seconds)


@pytest.mark.parametrize("seconds", ["60", True])
def test_an_age_that_is_no_number_is_refused(seconds):
    with pytest.raises(TypeError, match="seconds is a number"):
        sign("room.7", seconds=seconds)
