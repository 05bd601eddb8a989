"""What it means that a row is deleted which is a user's, or nearly; the users are EmailUsers."""

import pytest
from channels.layers import channel_layers
from django.apps import apps
from django.db import connection, transaction
from django.db.models.signals import post_delete
from django.test.utils import CaptureQueriesContext

from realtime import publish
from realtime.layer.control import Recheck
from realtime.models import Event
from realtime.protocol.stream_names import user_stream_name
from tests.realtime.layer.recording_layer import RecordingLayer
from tests.users.models import (
    Customer,
    EmailUser,
    Note,
    Person,
    PersonUser,
    ProxyCustomer,
    ProxyUser,
    TextUser,
)

pytestmark = pytest.mark.django_db(transaction=True)

ALICE = "alice@example.com"


@pytest.fixture
def alice():
    return with_event(EmailUser.objects.create(email=ALICE))


@pytest.fixture
def customer():
    return with_event(Customer.objects.create(email=ALICE, company="A"))


def with_event(user):
    publish(user, "call.state")
    return user


def is_kept():
    return Event.objects.exists()


def test_a_proxy_is_the_user(alice):
    ProxyUser.objects.get(pk=ALICE).delete()
    assert not is_kept()


def test_a_proxy_that_is_made_later_is_the_user_too(alice):
    class LateProxy(EmailUser):
        class Meta:
            proxy = True
            app_label = "users"

    LateProxy.objects.all().delete()
    assert not is_kept()


@pytest.mark.parametrize("model", [Customer, ProxyCustomer, EmailUser, ProxyUser])
def test_a_subclass_and_its_parent_go_together(customer, model):
    model.objects.get(pk=ALICE).delete()
    assert not Customer.objects.exists() and not EmailUser.objects.exists()
    assert not is_kept()


@pytest.mark.parametrize("model", [Customer, EmailUser])
def test_a_queryset_of_them_too(customer, model):
    model.objects.all().delete()
    assert not is_kept()


def test_a_row_of_a_subclass_alone_leaves_the_user_and_the_events(customer):
    customer.delete(keep_parents=True)
    assert EmailUser.objects.filter(pk=ALICE).exists()
    assert is_kept()


def test_a_deletion_that_django_does_not_announce_leaves_the_events(alice):
    EmailUser.objects.all()._raw_delete("default")
    assert is_kept()


def test_a_deletion_that_is_rolled_back_leaves_the_events(alice):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        EmailUser.objects.all().delete()
        raise ZeroDivisionError
    assert is_kept()


def test_a_row_that_only_has_the_same_key_is_another(alice):
    TextUser.objects.create(name=ALICE).delete()
    person = Person.objects.create(address=ALICE)
    PersonUser.objects.create(person=person).delete()
    person.delete()
    assert is_kept()


def test_only_users_have_a_receiver():
    listened = {model for model in apps.get_models() if post_delete.has_listeners(model)}
    assert {model.__name__ for model in listened} - {"LateProxy"} == {
        "EmailUser",
        "ProxyUser",
        "Session",
    }


@pytest.mark.parametrize("model", [Note, TextUser])
def test_other_rows_are_deleted_by_as_many_statements_as_without_this_app(model):
    model.objects.bulk_create(
        model() if model is Note else model(name=str(number)) for number in range(200)
    )
    with CaptureQueriesContext(connection) as queries:
        model.objects.all().delete()
    assert [one["sql"].split()[0] for one in queries if "users_" in one["sql"]] == ["DELETE"]
    assert not [one for one in queries if "realtime" in one["sql"]]


@pytest.fixture
def out():
    """What goes out about rights."""
    layer = RecordingLayer()
    channel_layers.set("default", layer)
    yield layer.controls
    channel_layers.set("default", None)


@pytest.mark.parametrize("model", [Customer, ProxyCustomer, EmailUser, ProxyUser])
def test_a_user_is_checked_by_whatever_model_the_row_was_saved(customer, out, model):
    user = model.objects.get(pk=ALICE)
    user.is_active = False
    user.save()
    assert out == [Recheck((user_stream_name(user),))]


@pytest.mark.parametrize("model", [Customer, EmailUser])
def test_a_user_is_checked_once_by_whatever_model_the_row_was_deleted(customer, out, model):
    user = model.objects.get(pk=ALICE)
    name = user_stream_name(user)
    user.delete()
    assert out == [Recheck((name,))]


def test_what_only_resembles_a_user_is_not_checked(out):
    Person.objects.create(address="p@example.com").save()
    Note.objects.create().delete()
    assert out == []
