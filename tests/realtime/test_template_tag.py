import json
import re
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template

from realtime.access.signed_names import may_follow
from realtime.hints import forget
from realtime.protocol.position import Position


def rendered(source="{% load realtime %}{% realtime %}", **context):
    return Template(source).render(Context(context))


def configuration(page):
    block = re.search(r'<script id="realtime-config" type="application/json">(.*?)</script>', page)
    return json.loads(block[1])


def test_the_page_gets_the_module_and_where_to_connect():
    page = rendered()
    assert '<script type="module" src="/static/realtime/index.js"></script>' in page
    assert configuration(page) == {"url": "/realtime/"}
    hint, script = (
        page.index("/static/realtime/emitter.js"),
        page.index("/static/realtime/index.js"),
    )
    assert '<link rel="modulepreload" href="/static/realtime/emitter.js">' in page
    assert hint < script


def test_a_page_without_modules_gets_one_script_and_no_hints():
    page = rendered("{% load realtime %}{% realtime classic=True %}", csp_nonce="n")
    assert '<script src="/static/realtime/client.classic.js" nonce="n"></script>' in page
    assert configuration(page) == {"url": "/realtime/"}
    assert "<link" not in page and "module" not in page


def test_another_route_and_the_visitor():
    source = '{% load realtime %}{% realtime url="/ws/" %}'
    page = rendered(source, user=get_user_model()(pk=42))
    assert configuration(page) == {"url": "/ws/", "me": "user.42"}
    assert "me" not in configuration(rendered(user=AnonymousUser()))


def test_positions_taken_before_the_data_are_handed_over():
    source = "{% load realtime %}{% realtime position=position %}"
    user, at = get_user_model()(pk=42), Position("e", 7)
    own = configuration(rendered(source, user=user, position=at))
    assert own["positions"] == {"user.42": {"epoch": "e", "offset": 7}}
    kept = json.loads(json.dumps(at))
    several = configuration(rendered(source, user=user, position={"call.1": at, "call.2": kept}))
    assert several["positions"] == dict.fromkeys(("call.1", "call.2"), at._asdict())
    assert "positions" not in configuration(rendered(source, user=AnonymousUser(), position=at))


def test_a_nonce_is_used_where_there_is_one(rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    assert "nonce" not in rendered(request=request)
    request.csp_nonce = 'a"b'
    assert 'nonce="a&quot;b"' in rendered(request=request)
    assert 'nonce="django"' in rendered(csp_nonce="django")
    page = rendered(csp_nonce=LazyNonce())
    assert page.count('nonce="lazy"') == page.count("<link ") + 1 > 1


class LazyNonce:
    """As django-csp has it: false until it was used."""

    def __bool__(self):
        return False

    def __str__(self):
        return "lazy"


def test_nothing_breaks_out_of_the_configuration():
    page = rendered("{% load realtime %}{% realtime url=url %}", url="</script><b>")
    assert "<b>" not in page
    assert configuration(page)["url"] == "</script><b>"


MISSPELT = ("url=ulr", "position=postion", "classic=clasic", "position=view.postion")


@pytest.mark.parametrize("argument", MISSPELT)
def test_an_argument_without_a_value_is_an_error_with_debug(settings, argument):
    settings.DEBUG = True
    name = argument.partition("=")[0]
    with pytest.raises(ValueError, match=rf"{{% realtime {name}=\.\.\. %}} got no value"):
        rendered(f"{{% load realtime %}}{{% realtime {argument} %}}", view={})


@pytest.mark.parametrize("argument", MISSPELT)
def test_an_argument_without_a_value_is_logged_once_and_left_out(caplog, argument):
    forget()
    source, context = "{% load realtime %}{% realtime ARGUMENT %}", {"user": AnonymousUser()}
    page = rendered(source.replace("ARGUMENT", argument), **context)
    assert page == rendered(source.replace("ARGUMENT", ""), **context)
    rendered(source.replace("ARGUMENT", argument), **context)
    name = argument.partition("=")[0]
    (line,) = caplog.messages
    assert line.startswith(f"{{% realtime {name}=... %}} got no value")


@pytest.mark.parametrize("name", ["url", "position", "classic"])
def test_a_view_may_leave_an_argument_out_where_the_template_says_so(settings, name):
    settings.DEBUG = True
    page = rendered("{% load realtime %}{% realtime " + name + "=missing|default:None %}")
    assert configuration(page) == {"url": "/realtime/"}


# realtime_stream


def signed(source, **context):
    return rendered("{% load realtime %}{% realtime_stream " + source + " %}", **context)


def test_a_page_gets_a_signed_name():
    alice, bob = get_user_model()(pk=42), get_user_model()(pk=7)
    name = signed('"room" room.pk', room=SimpleNamespace(pk=7))
    assert name.startswith("room.7~") and may_follow(name, alice) and may_follow(name, bob)
    assert signed("stream", stream="room.7") == name
    bound = signed('"room.7" user=user seconds=60', user=alice)
    assert may_follow(bound, alice) and not may_follow(bound, bob)
    assert signed("user", user=alice).startswith("user.42~")


@pytest.mark.parametrize(
    ("source", "context"),
    [
        ("", {}),
        ('"room" room.pk', {}),
        ("stream", {"stream": None}),
        ('"room.7" user=request.user', {}),
        ('"room.7" user=user', {"user": None}),
        ('"room.7" user=user', {"user": AnonymousUser()}),
        ('"room 7"', {}),
    ],
)
def test_a_name_with_a_hole_is_not_signed(source, context):
    with pytest.raises(ValueError):
        signed(source, **context)
