"""The examples as `make examples` serves them: what two users see, also after a cut or a reload."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from realtime.testing import Cable
from tests.browsers.browser import Browser, Page
from tests.processes.process import Process, free_port
from tests.processes.site import run_python
from tests.processes.waiting import wait_until

pytestmark = pytest.mark.processes

SOON = 15.0  # seconds, on a busy machine
NUMBERS = count(1)  # of the pages
OPEN = "document.querySelector('realtime-status').getAttribute('state') === 'open'"
# What a second click sends before the first one has been answered.
CLICK_TWICE = """(async () => {{
  const form = document.querySelector("{form}");
  const body = new FormData(form);
  await Promise.all([1, 2].map(() => fetch(form.action, {{ method: "POST", body }})));
  const {{ action }} = form;
  setTimeout(() => (location.href = "{then}" || action));
}})()"""
CHOOSE = """for (const one of document.querySelector("[name=members]").options)
  if (one.text === "alice") one.selected = {chosen}"""
REFUSED = """import("/static/realtime/index.js").then(({{ RealtimeClient }}) =>
  new Promise((resolve) => {{
    const subscription = new RealtimeClient("/realtime/").subscribe("{stream}");
    subscription.on("error", ({{ code }}) => resolve(code));
    subscription.on("subscribed", () => resolve("subscribed"));
  }}))"""

Open = Callable[..., Page]
"""Opens a page of the examples as one of their users, in a window of its own."""


@pytest.fixture(scope="module")
def examples(
    tmp_path_factory: pytest.TempPathFactory, site_env: Mapping[str, str]
) -> Iterator[Process]:
    directory = tmp_path_factory.mktemp("examples")
    port = free_port()
    env = {
        **site_env,
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "tests.browsers.examples_settings",
        "EXAMPLES_DATABASE": str(directory / "db.sqlite3"),
    }
    server = Process([sys.executable, "-m", "examples"], directory / "log", port, env=env)
    server.name = "the examples"
    server.start()
    yield server
    server.kill()


@pytest.fixture
def open_page(browser: Browser, examples: Process) -> Iterator[Open]:
    pages: list[Page] = []

    def opened(username: str, path: str, port: int = examples.port) -> Page:
        url = f"http://127.0.0.1:{port}"
        page = browser.open(f"examples.{next(NUMBERS)}", f"examples.{username}", "window")
        pages.append(page)
        log_in(page, url, username)
        page.goto(url + path)
        return page

    yield opened
    if not browser.crashed:
        for page in pages:
            page.close()


def log_in(page: Page, url: str, username: str) -> None:
    """Be one of the users, from the index; does nothing in a browser that has logged in."""
    page.goto(f"{url}/")
    button = f"document.querySelector('button[value={username}]')"
    if not page.evaluate(f"{button}.disabled"):
        page.run(f"void setTimeout(() => {button}.click())")
        page.wait_for(f"{button}.disabled")


def write(page: Page, text: str) -> None:
    """Type into the page's form, and press Enter."""
    page.fill("main input:not([type=checkbox]):not([type=hidden])", text)
    page.press("Enter")


def texts(page: Page, selector: str) -> list[str]:
    """Return what the elements say, in their order."""
    found = f"[...document.querySelectorAll({json.dumps(selector)})]"
    return list(page.evaluate(f"{found}.map(({{ textContent }}) => textContent.trim())"))


def shows(page: Page, selector: str, *wanted: str) -> None:
    """Wait until the elements say this, each once, and nothing else."""
    with suppress(AssertionError):
        wait_until(lambda: texts(page, selector) == list(wanted), SOON, "")
    assert texts(page, selector) == list(wanted)


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
def test_chat(browser: Browser, open_page: Open) -> None:
    alice, bob = (open_page(name, "/chat/lobby/") for name in ("alice", "bob"))
    text = f"<img src=x onerror=alert(1)> by {browser.name}"
    write(alice, text)
    for page in (alice, bob):
        page.wait_for("document.querySelector('#messages li')")
        wait_until(lambda page=page: texts(page, "#messages li")[-1] == f"alice {text}", SOON, text)
    assert texts(alice, "#unsent li") == []


only_chromium = pytest.mark.parametrize("browser", ["chromium"], indirect=True)


@only_chromium
def test_notifications(open_page: Open) -> None:
    windows = [open_page("alice", "/notifications/") for _ in range(2)]
    bob = open_page("bob", "/notifications/")
    bob.fill("main [name=text]", "It is <b>your</b> turn")
    bob.run(CLICK_TWICE.format(form="main form", then="/notifications/"))
    for page in windows:
        shows(page, "#badge", "1")
        shows(page, "#notifications li", "bob: It is <b>your</b> turn")
    windows[0].click("#read")
    for page in windows:
        page.wait_for("document.getElementById('badge').hidden")
    assert texts(bob, "#notifications li") == []


@only_chromium
def test_progress(open_page: Open) -> None:
    alice = open_page("alice", "/progress/")
    alice.run(CLICK_TWICE.format(form="main form", then=""))
    alice.wait_for("document.getElementById('bar')?.value > 10")
    job = alice.evaluate("location.pathname")
    alice.goto(alice.evaluate("location.href"))
    assert alice.evaluate("document.getElementById('bar').value") > 10
    shows(alice, "#words", "Finished.")
    assert alice.evaluate("document.getElementById('bar').position") == 1
    assert texts(open_page("bob", job), "h1") != ["Progress"]


@only_chromium
def test_an_answer_survives_a_reload(open_page: Open) -> None:
    alice = open_page("alice", "/answers/")
    write(alice, "Who are you?")
    heard = "(document.getElementById('text')?.textContent ?? '')"
    alice.wait_for(f"{heard}.length > 40")
    alice.goto(alice.evaluate("location.href"))
    alice.wait_for(f"{heard}.length > 80")
    beginning = alice.evaluate(heard)
    alice.wait_for("document.getElementById('text').getAttribute('aria-busy') === 'false'")
    text = alice.evaluate(heard)
    assert text.startswith("You asked: Who are you? I am not a model.")
    assert text.startswith(beginning) and text.endswith("the whole text is in the database.")
    alice.goto(alice.evaluate("location.href"))
    assert alice.evaluate(heard) == text


@only_chromium
def test_checklist(open_page: Open) -> None:
    alice = open_page("alice", "/checklist/")
    shows(alice, "#people", "alice (you)")
    bob = open_page("bob", "/checklist/")
    shows(alice, "#people", "alice (you), bob")
    shows(bob, "#people", "alice, bob (you)")
    write(alice, "Bread")
    shows(bob, "#items span", "Bread")
    write(bob, "Salt")
    shows(alice, "#items span", "Bread", "Salt")
    bob.click("#items input")
    shows(alice, "#items :checked + span", "Bread")
    alice.click("#items li:last-child button")
    shows(bob, "#items span", "Bread")


@only_chromium
def test_orders(open_page: Open) -> None:
    alice = open_page("alice", "/admin/orders/order/?shipped__exact=0")
    alice.wait_for(OPEN)
    alice.click(".action-select[value='2']")
    customers = "#result_list .field-customer"
    shows(alice, customers, "Barbara", "Edsger", "Grace", "Ada")
    bob = open_page("bob", "/")
    change(bob, "orders/order/1", "document.querySelector('[name=customer]').value = '<i>Ada</i>'")
    shows(alice, customers, "Barbara", "Edsger", "Grace", "<i>Ada</i>")
    change(bob, "orders/order/4", "document.querySelector('[name=shipped]').checked = true")
    shows(alice, customers, "Edsger", "Grace", "<i>Ada</i>")
    assert alice.evaluate("document.querySelector('.action-select:checked').value") == "2"


def change(page: Page, what: str, script: str) -> None:
    """Fill in the admin's form for one object by a script, and save it."""
    page.goto(page.evaluate(f"new URL('/admin/{what}/change/', location).href"))
    page.run(f"{script}; setTimeout(() => document.querySelector('[name=_save]').click())")
    page.wait_for("document.querySelector('.messagelist .success')")


@only_chromium
def test_a_cut(open_page: Open, examples: Process) -> None:
    """What happens meanwhile is on each page after it, once, and so is what was sent into it."""
    with Cable("127.0.0.1", examples.port) as cable:
        paths = ("/chat/lobby/", "/checklist/", "/notifications/", "/dashboard/")
        cut = chat, checklist, inbox, dashboard = [
            open_page("alice", path, cable.port) for path in paths
        ]
        for page in cut:
            page.wait_for(OPEN)
        bob = [open_page("bob", path) for path in paths]
        for page in bob:
            page.wait_for(OPEN)
        said, items = texts(bob[0], "#messages li"), texts(bob[1], "#items span")
        notified = texts(inbox, "#notifications li")

        cable.cut("to_client")  # The page can't know what becomes of this message.
        write(chat, "Do you hear me?")
        shows(bob[0], "#messages li", *said, "alice Do you hear me?")
        cable.cut()
        write(bob[0], "I do.")
        write(bob[1], "Oil")
        write(bob[2], "Call me")
        write(chat, "And now?")
        write(checklist, "Pepper")
        shows(chat, "#unsent li", "alice Do you hear me?", "alice And now?")
        cable.forget()
        cable.heal()

        said += ["alice Do you hear me?", "bob I do.", "alice And now?"]
        for page in (chat, bob[0]):
            shows(page, "#messages li", *said)
        shows(chat, "#unsent li")
        for page in (checklist, bob[1]):
            shows(page, "#items span", *items, "Oil", "Pepper")
        shows(inbox, "#notifications li", "bob: Call me", *notified)
        points = "document.querySelector('#chart polyline').getAttribute('points')"
        wait_until(lambda: dashboard.evaluate(points) == bob[3].evaluate(points), SOON, "one chart")


@only_chromium
def test_rights(open_page: Open) -> None:
    """Who may not see a page gets nothing of its streams, and a right ends on the open page."""
    bob = open_page("bob", "/")
    change(bob, "chat/room/1", CHOOSE.format(chosen="true"))
    alice = open_page("alice", "/chat/lobby/")
    alice.wait_for(OPEN)
    carol = open_page("carol", "/notifications/")
    for path in ("/chat/lobby/", "/checklist/", "/dashboard/", "/admin/orders/order/"):
        status = carol.evaluate(f"fetch('{path}', {{ redirect: 'manual' }}).then((r) => r.status)")
        assert status in (403, 404, 0), path  # 0: sent away to a login.
    for stream in ("chat.lobby", "checklist", "dashboard", "orders", "job.x", "answer.x"):
        assert carol.evaluate(REFUSED.format(stream=stream)) == "forbidden", stream

    change(bob, "chat/room/1", CHOOSE.format(chosen="false"))
    shows(alice, "#problem", "the right to chat.lobby has ended")


def test_a_task_runs_under_celery_as_it_is(tmp_path: Path, site_env: Mapping[str, str]) -> None:
    env = {
        **site_env,
        "DJANGO_SETTINGS_MODULE": "tests.browsers.examples_settings",
        "EXAMPLES_DATABASE": str(tmp_path / "db.sqlite3"),
    }
    said = run_python(env, "-m", "tests.browsers.examples_with_celery")
    assert said.splitlines()[-2:] == ["0 of 3", "3 of 3"]
