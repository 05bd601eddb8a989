"""What a class says decides which subscription serves it, and what its clients may give."""

import asyncio

import pytest

from realtime.concurrency.threads import nonblocking
from realtime.exceptions import FrameError
from realtime.streams import Mode, Stream
from realtime.subscriptions.cached import CachedSubscription
from realtime.subscriptions.kinds import make_subscription, require_given
from realtime.subscriptions.selective import SelectiveSubscription
from realtime.subscriptions.subscription import Subscription


def stream_with(given=None, **attributes):
    stream = type("Mine", (Stream,), attributes)("thing.1")
    stream._serve("a socket", given or {})
    return stream


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({}, Subscription),
        ({"extra": ("page",)}, Subscription),
        ({"extra": ("page",), "given": {"page": 7}}, SelectiveSubscription),
        ({"fields": ("to",)}, SelectiveSubscription),
        ({"order": "n"}, SelectiveSubscription),
        ({"throttle": 1}, SelectiveSubscription),
        ({"mode": Mode.CACHE}, CachedSubscription),
        ({"mode": "cache", "throttle": 1}, CachedSubscription),
    ],
)
async def test_a_stream_has_the_simplest_that_will_do(client, hub, attributes, kind):
    stream = stream_with(**attributes)
    assert type(make_subscription(client.socket, stream, hub)) is kind


async def test_the_values_of_fields_come_from_the_class(client, hub, log, publish):
    @nonblocking
    def field_values(self, user):
        return {"to": user.pk}

    stream = stream_with(fields=("to",), field_values=field_values)
    subscription = make_subscription(client.socket, stream, hub)
    await subscription.start(None, None)
    await publish("thing.1", {"to": 1}, {"to": 2})
    assert client.data == [{"to": 1}]


async def test_they_are_what_the_client_gave_where_the_class_says_nothing(
    client, hub, log, publish
):
    stream = stream_with(fields=("to",), extra=("to",), given={"to": "me"})
    subscription = make_subscription(client.socket, stream, hub)
    await subscription.start(None, None)
    await publish("thing.1", {"to": "you"}, {"to": "me"})
    assert client.data == [{"to": "me"}]


async def test_values_that_are_no_dict_are_a_fault(client, hub):
    stream = stream_with(fields=("to",), field_values=nonblocking(lambda self, user: ["to"]))
    subscription = make_subscription(client.socket, stream, hub)
    with pytest.raises(TypeError, match=r"Mine.field_values returned \['to'\], no dict"):
        await subscription.start(None, None)


async def test_values_that_do_not_come_are_not_waited_for(client, hub):
    async def never(self, user):
        await asyncio.Event().wait()

    stream = stream_with(fields=("to",), field_values=never)
    deadline = asyncio.get_running_loop().time() + 7
    with pytest.raises(TimeoutError):
        await make_subscription(client.socket, stream, hub).start(None, None, deadline)


@pytest.mark.parametrize("given", [{}, {"page": 7}, {"page": None, "author": "x" * 200}])
def test_a_client_may_give_the_fields_of_the_class(given):
    require_given(stream_with(extra=("page", "author"), given=given))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([1], "extra is an object"),
        ("page", "extra is an object"),
        ({"page": {}}, "extra is an object"),
        ({"page": "x" * 201}, "extra is an object"),
        ({"colour": 1}, "thing.1 has no field 'colour'."),
        ({"x" * 300: 1}, f"thing.1 has no field '{'x' * 80}'."),
    ],
)
def test_anything_else_is_a_bad_frame(given, sentence):
    with pytest.raises(FrameError, match=sentence) as refusal:
        require_given(stream_with(extra=("page",), given=given))
    assert refusal.value.code == "bad_frame"
