"""HTML for all who follow a stream: what is published, and what is refused."""

import re
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.template import Context, RequestContext, Template, TemplateDoesNotExist
from django.utils import timezone, translation
from rest_framework.request import Request

from realtime import publish_many
from realtime.access.signed_names import may_follow
from realtime.contrib.html import apublish_html, html_publication, publish_html
from realtime.hints import forget

pytest_plugins = ["realtime.testing.fixtures"]

TEMPLATES = {
    "line.html": '<li id="m{{ number }}">{{ text }}</li>',
    "here.html": "{% load i18n tz %}{% get_current_language as l %}{% get_current_timezone as z %}"
    "{{ l }} {{ z }}",
    "token.html": "<form>{% csrf_token %}</form>",
    "user.html": "{{ user }}{{ request }}",
}


@pytest.fixture(autouse=True)
def templates(settings):
    loaders = [("django.template.loaders.locmem.Loader", TEMPLATES)]
    processors = ["django.template.context_processors.request"]
    options = {"loaders": loaders, "context_processors": processors}
    backend = "django.template.backends.django.DjangoTemplates"
    settings.TEMPLATES = [{"BACKEND": backend, "OPTIONS": options}]


def test_a_template_is_rendered_once_for_all_who_follow(published):
    context = {"number": 1, "text": "<b>Hi</b>"}
    publish_html(["room.7", "room.8"], "append", "lines", "line.html", context)
    html = '<li id="m1">&lt;b&gt;Hi&lt;/b&gt;</li>'
    data = {"action": "append", "target": "lines", "html": html}
    assert [(one.stream, one.name, one.data) for one in published] == [
        ("room.7", "html", data),
        ("room.8", "html", data),
    ]


def test_what_needs_no_template(published):
    publish_html("room.7", "remove", "m1", key="1")
    publish_html("room.7", "refresh")
    assert [one.data for one in published] == [
        {"action": "remove", "target": "m1"},
        {"action": "refresh"},
    ]
    assert published[0].key == "1"


async def test_from_async_code(published):
    await apublish_html("room.7", "update", "lines", "line.html", {"number": 1})
    assert published[0].data["html"] == '<li id="m1"></li>'


async def test_the_sync_one_is_not_for_async_code(published):
    with pytest.raises(RuntimeError, match="await apublish_html"):
        publish_html("room.7", "refresh")
    assert not published


def test_several_go_out_together(published):
    lines = [{"number": number} for number in range(3)]
    publish_many(html_publication("room.7", "append", "lines", "line.html", line) for line in lines)
    assert [one.data["html"][8:10] for one in published] == ["m0", "m1", "m2"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (("insert", "lines", "line.html"), "one of append, prepend,"),
        (("append", None, "line.html"), "an element's id, not None"),
        (("append", "", "line.html"), "an element's id"),
        (("append", "#a b", "line.html"), "an element's id"),
        (("remove",), "an element's id"),
        (("append", "lines"), "append needs a template"),
        (("remove", "lines", "line.html"), "remove takes no template"),
        (("refresh", "lines"), "refresh has no target"),
    ],
)
def test_what_makes_no_sense_is_refused(given, error, published):
    with pytest.raises(ValueError, match=error):
        publish_html("room.7", *given)
    assert not published


def test_a_template_that_is_not_there_raises():
    with pytest.raises(TemplateDoesNotExist):
        publish_html("room.7", "append", "lines", "nowhere.html")


# Nothing of one person's request.


def refused(rf, context):
    with pytest.raises((ValueError, TypeError), match="rendered without a request"):
        publish_html("room.7", "append", "lines", "line.html", context)


def test_a_request_is_refused_wherever_it_is(rf):
    request = rf.get("/")
    refused(rf, {"text": request})
    refused(rf, {"view": SimpleNamespace(request=request)})
    refused(rf, {"view": Request(request)})
    refused(rf, {"csrf_token": "one person's"})
    refused(rf, RequestContext(request, {"text": "Hi"}))
    refused(rf, Context({"text": "Hi"}))


def test_objects_with_a_field_of_that_name_are_taken(published):
    publish_html("room.7", "append", "lines", "line.html", {"text": SimpleNamespace(request=1)})
    assert published


def test_context_processors_see_no_request(published):
    publish_html("room.7", "update", "lines", "user.html", {"user": "alice"})
    publish_html("room.7", "update", "lines", "token.html")
    assert [one.data["html"] for one in published] == ["alice", "<form></form>"]


def test_the_language_and_the_time_zone_are_the_sites(published, settings):
    settings.LANGUAGE_CODE, settings.TIME_ZONE = "nl", "Europe/Vienna"
    with translation.override("de"), timezone.override("Asia/Tokyo"):
        publish_html("room.7", "update", "lines", "here.html")
        assert translation.get_language() == "de"
    assert published[0].data["html"] == "nl Europe/Vienna"


# {% realtime_stream %}


def element(source, **context):
    page = Template("{% load realtime_html %}{% realtime_stream " + source + " %}")
    return page.render(Context(context))


@pytest.fixture
def tag(settings):
    libraries = {"realtime_html": "realtime.contrib.html.templatetags.realtime_html"}
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"libraries": libraries},
        }
    ]


@pytest.mark.usefixtures("tag")
def test_the_tag_writes_the_element_with_a_signed_name():
    alice, bob = User(pk=42), User(pk=7)
    html = element('"room" room.pk', room=SimpleNamespace(pk=7))
    assert re.fullmatch(
        r'<realtime-stream src="(room\.7~[^"]+)"></realtime-stream>'
        r'<script type="module" src="/static/realtime/html\.js"></script>',
        html,
    )
    html = element('"room.7" user=user seconds=60 part=part url="/x/"', user=alice, part='a"b')
    assert 'data-part="a&quot;b" data-refresh="/x/"' in html
    name = re.search(r'src="([^"]+)"', html)[1]
    assert may_follow(name, alice) and not may_follow(name, bob)


@pytest.mark.usefixtures("tag")
def test_the_tags_script_has_the_nonce_of_the_request():
    assert '.js" nonce="once"></script>' in element('"room.7"', csp_nonce="once")


@pytest.mark.usefixtures("tag")
def test_a_name_with_a_hole_is_refused():
    with pytest.raises(ValueError, match="missing"):
        element('"room" room.pk')


@pytest.mark.usefixtures("tag")
@pytest.mark.parametrize("name", ["part", "url"])
def test_a_misspelt_argument_is_said_and_breaks_no_page_without_debug(settings, caplog, name):
    forget()
    assert element(f'"room.7" {name}=misspelt') == element('"room.7"')
    assert f"{{% realtime_stream {name}=... %}} got no value" in caplog.text
    settings.DEBUG = True
    with pytest.raises(ValueError, match=f"{name}=... %}} got no value"):
        element(f'"room.7" {name}=misspelt')
