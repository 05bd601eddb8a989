"""What happens to a parent of the user model, which has a table of its own; AccountUsers."""

import pytest
from channels.layers import channel_layers

from realtime.layer.control import Recheck
from realtime.protocol.stream_names import user_stream_name
from tests.realtime.layer.recording_layer import RecordingLayer
from tests.users.models import Account, AccountUser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def out():
    """What goes out about rights."""
    layer = RecordingLayer()
    channel_layers.set("default", layer)
    yield layer.controls
    channel_layers.set("default", None)


@pytest.mark.parametrize("change", [Account.save, Account.delete])
@pytest.mark.parametrize("model", [Account, AccountUser])
def test_a_user_is_checked_by_whatever_model_the_row_was_changed(out, model, change):
    user = AccountUser.objects.create()
    name = user_stream_name(user)
    assert out == []
    change(model.objects.get(pk=user.pk))
    assert out == [Recheck((name,))]
