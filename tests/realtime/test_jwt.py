"""JSON Web Tokens: whose are good, until when, and the forgeries that have names."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth import get_user_model

from realtime.exceptions import TicketExpired
from realtime.jwt import JWTAuthenticator, authenticate

pytestmark = pytest.mark.django_db

SECRET = "s" * 32


@pytest.fixture(autouse=True)
def secret_key(settings):
    settings.SECRET_KEY = SECRET


@pytest.fixture
def alice():
    return get_user_model().objects.create(username="alice")


def token(claims, key=SECRET, algorithm="HS256", **header):
    claims = {"exp": int(time.time()) + 60, **claims}
    return jwt.encode(claims, key, algorithm=algorithm, headers=header or None)


def user(ticket, by=authenticate, scope=None):
    grant = by(scope or {"headers": []}, ticket)
    return None if grant is None else grant.user


def test_the_user_is_the_subject(alice):
    assert user(token({"sub": str(alice.pk)})) == alice
    assert user(token({"sub": alice.pk})) == alice


def test_the_tokens_of_simplejwt(alice):
    assert user(token({"token_type": "access", "user_id": alice.pk, "jti": "1"})) == alice
    assert user(token({"token_type": "access", "user_id": str(alice.pk), "jti": "1"})) == alice
    assert user(token({"token_type": "refresh", "user_id": alice.pk, "jti": "1"})) is None


def test_a_program_may_send_it_as_a_header(alice):
    bearer = f"Bearer {token({'sub': str(alice.pk)})}".encode()
    assert user(None, scope={"headers": [(b"authorization", bearer)]}) == alice
    assert user(None, scope={"headers": [(b"authorization", b"Basic YTpi")]}) is None
    assert user(None, scope={"headers": [(b"authorization", b"Bearer ")]}) is None
    assert user(None) is None


def test_it_ends_with_the_token_and_the_leeway(alice):
    end = int(time.time()) + 60
    assert authenticate({}, token({"sub": str(alice.pk), "exp": end})).expires == end + 10
    strict = JWTAuthenticator(leeway=0)
    assert strict({}, token({"sub": str(alice.pk), "exp": end})).expires == end


def test_one_that_is_too_old_has_expired(alice):
    now = int(time.time())
    assert user(token({"sub": str(alice.pk), "exp": now - 5})) == alice
    with pytest.raises(TicketExpired):
        user(token({"sub": str(alice.pk), "exp": now - 15}))


def test_one_without_an_end_is_refused(alice):
    assert user(jwt.encode({"sub": str(alice.pk)}, SECRET)) is None


@pytest.mark.parametrize("subject", ["999", "alice", "", None, True, [1], {"pk": 1}, 1.0, 10**30])
def test_a_subject_that_is_no_user_is_refused(alice, subject):
    assert user(token({"sub": subject})) is None


def test_a_claim_and_a_field_of_ones_own(alice):
    by_name = JWTAuthenticator(claims=["name"], field="username")
    assert user(token({"name": "alice", "sub": "other"}), by_name) == alice
    assert user(token({"sub": str(alice.pk)}), by_name) is None


# Forgeries


def forged(header, claims, signature=b""):
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
def test_without_a_signature(alice, algorithm):
    claims = {"sub": str(alice.pk), "exp": int(time.time()) + 60}
    assert user(forged({"alg": algorithm, "typ": "JWT"}, claims)) is None
    with pytest.raises(ValueError, match="anybody could write a token"):
        JWTAuthenticator(algorithms=["HS256", "none"])


def test_with_another_key(alice):
    assert user(token({"sub": str(alice.pk)}, key="t" * 32)) is None


@pytest.fixture(scope="module")
def pair():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


def test_a_public_key(alice, pair):
    private, public = pair
    by_public_key = JWTAuthenticator(key=public, algorithms=["RS256"])
    assert user(token({"sub": str(alice.pk)}, private, "RS256"), by_public_key) == alice


def test_a_public_key_taken_for_a_secret(alice, pair):
    """Who has the public key could write tokens, if the token chose the algorithm."""
    import hashlib
    import hmac

    _, public = pair
    by_public_key = JWTAuthenticator(key=public, algorithms=["RS256"])
    claims = {"sub": str(alice.pk), "exp": int(time.time()) + 60}
    unsigned = forged({"alg": "HS256", "typ": "JWT"}, claims).rpartition(".")[0]
    signature = hmac.new(public, unsigned.encode(), hashlib.sha256).digest()
    assert user(forged({"alg": "HS256", "typ": "JWT"}, claims, signature), by_public_key) is None
    with pytest.raises(ValueError, match="A public key must not count as a secret"):
        JWTAuthenticator(key=public, algorithms=["HS256", "RS256"])


def test_for_another_audience_or_of_another_issuer(alice):
    ours = JWTAuthenticator(audience="sockets", issuer="https://id.example")
    good = {"sub": str(alice.pk), "aud": "sockets", "iss": "https://id.example"}
    assert user(token(good), ours) == alice
    assert user(token({**good, "aud": "invoices"}), ours) is None
    assert user(token({**good, "iss": "https://evil.example"}), ours) is None
    assert user(token({"sub": str(alice.pk)}), ours) is None
    assert user(token(good)) is None  # It is not for everybody.


@pytest.mark.parametrize("junk", ["", "a.b.c", "~", "x" * 8000, "....", "é.é.é"])
def test_junk(junk):
    assert user(junk) is None


def test_one_that_begins_later_is_refused(alice):
    assert user(token({"sub": str(alice.pk), "nbf": int(time.time()) + 60})) is None


# Keys of an identity provider


def test_a_function_that_finds_the_key(alice, pair):
    private, public = pair

    def key(given):
        if jwt.get_unverified_header(given).get("kid") != "k1":
            raise jwt.PyJWKClientError("Unable to find a signing key that matches")
        return public

    found = JWTAuthenticator(key=key, algorithms=["RS256"])
    claims = {"sub": str(alice.pk)}
    assert user(token(claims, private, "RS256", kid="k1"), found) == alice
    assert user(token(claims, private, "RS256", kid="k2"), found) is None


def test_a_provider_that_is_away_is_no_refusal(alice):
    def away(given):
        raise jwt.PyJWKClientConnectionError("Fail to fetch data")

    with pytest.raises(ConnectionError, match="could not be fetched"):
        user(token({"sub": str(alice.pk)}), JWTAuthenticator(key=away))


def test_algorithms_are_several():
    with pytest.raises(TypeError, match="write \\['RS256'\\]"):
        JWTAuthenticator(algorithms="RS256")
    with pytest.raises(ValueError, match="Without an algorithm"):
        JWTAuthenticator(algorithms=[])
