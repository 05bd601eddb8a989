"""A pulled cable at a desk: the journey, the metrics, the admin and the supervisor say the same."""

import re
from collections.abc import Iterator

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.browsers.browser import Browser, Page
from tests.processes.cable import Cable
from tests.processes.redis_server import RedisServer
from tests.processes.site import Site, Sites
from tests.processes.waiting import wait_until
from tests.site.desk import Desk
from tests.site.office import Office
from tests.site.supervisor import open_supervisor

pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize("browser", ["chromium"], indirect=True),
]

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.browsers.watched_settings",
    "HEARTBEAT_INTERVAL": "1",
    "HEARTBEAT_TIMEOUT": "3",
}
SOON = 15.0  # seconds, on a busy machine
TIME = r"\d\d:\d\d:\d\d\.\d{3}"
ROOT = """
from django.contrib.auth import get_user_model
get_user_model().objects.create_superuser("root", password="demo")
"""
CONNECTED = r"\tconnected\t\d+ ms$"
NOT_CONNECTED = r"\tnot connected\t?$"


class Admin:
    """Django's admin, as somebody who may do everything sees it."""

    def __init__(self, site: Site) -> None:
        site.manage("shell", "-c", ROOT)
        self._root = site.login("root")

    def rows(self, page: str, query: str) -> list[dict[str, str]]:
        """Return the rows of a list, each with its cells by the names of their columns."""
        answer = self._root.get(f"/admin/realtime/{page}/?{query}")
        assert answer.status_code == 200
        table = re.findall(r"<tr>(.*?)</tr>", answer.text, re.S)
        cells = [re.findall(r'<t[dh] class="field-(\w+)[^>]*>(.*?)</t[dh]>', row) for row in table]
        return [{name: text(cell) for name, cell in row} for row in cells if row]

    def events(self, key: str) -> list[str]:
        """Return the texts of the pages of the events that the list finds by a key."""
        found = self._root.get(f"/admin/realtime/event/?q={key}").text
        paths = re.findall(r'href="(/admin/realtime/event/\d+/change/)', found)
        return [text(self._root.get(path).text) for path in paths]

    def disconnect(self, socket: str) -> None:
        """Run the action on one socket."""
        form = {"action": "disconnect", "_selected_action": socket}
        assert self._root.post("/admin/realtime/recordedsocket/", form).status_code == 302


def text(html: str) -> str:
    """Return the words of HTML."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def counted(site: Site) -> dict[tuple[str, str], float]:
    """Return what Prometheus gets, summed over all processes, by name and reason or prefix."""
    headers = {"Authorization": "Bearer scraped", "Connection": "close"}
    answer = requests.get(f"{site.url}/metrics", headers=headers, timeout=10)
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            label = sample.labels.get("reason") or sample.labels.get("prefix") or ""
            found[sample.name, label] = found.get((sample.name, label), 0) + sample.value
    return found


@pytest.fixture
def sites(site: Sites, redis_server: RedisServer) -> tuple[Site, Site]:
    """Return the server of alice's desk, and that of all others."""
    hers = site("daphne", redis=redis_server, env=SETTINGS)
    others = site("uvicorn", redis=redis_server, database_url=hers.database_url, env=SETTINGS)
    return hers, others


@pytest.fixture
def office(sites: tuple[Site, Site]) -> Office:
    hers, others = sites
    return Office(others, 1, 3, others=[hers])


@pytest.fixture
def desks(browser: Browser, sites: tuple[Site, Site]) -> Iterator[dict[str, Desk]]:
    """The desks of alice and bob, each connected to a server of its own."""
    opened = {}
    for name, site in zip(("alice", "bob"), sites, strict=True):
        opened[name] = Desk(
            browser, site.url, key=f"story.{name}", profile=f"story.{name}", kind="window"
        )
        opened[name].log_in(name)
    yield opened
    if not browser.crashed:
        for desk in opened.values():
            desk.page.close()


@pytest.fixture
def supervisor(browser: Browser, sites: tuple[Site, Site]) -> Iterator[Page]:
    page = open_supervisor(browser, sites[1].url, "story.sue")
    yield page
    if not browser.crashed:
        page.close()


def sees(supervisor: Page, agent: str, pattern: str) -> None:
    """Wait until the row of an agent ends so."""
    row = f"document.querySelector('[data-agent={agent}]')"
    supervisor.wait_for(f"/{pattern}/.test({row}?.innerText)")


def in_the_list(admin: Admin, socket: str) -> dict[str, dict[str, str]]:
    """Return the sockets that the admin shows as open by their ids, once this one is there."""
    rows = {row["id"]: row for row in admin.rows("recordedsocket", "")}
    return rows if socket in rows else {}


def explained(site: Site, event: str) -> str:
    """Return the journey of an event when nothing in it waits for a proof."""
    journey = site.manage("realtime_journey", event)
    return "" if "no proof yet" in journey else journey


def logged(sites: tuple[Site, Site], pattern: str) -> list[str]:
    """Return what a pattern's group finds in the logs of all servers."""
    return [found for site in sites for found in re.findall(pattern, site.log())]


def test_a_call_that_did_not_reach_a_desk_is_explained_everywhere(
    sites: tuple[Site, Site],
    office: Office,
    desks: dict[str, Desk],
    supervisor: Page,
    cable: Cable,
) -> None:
    hers, others = sites
    alice, bob = desks["alice"], desks["bob"]
    sees(supervisor, "alice", CONNECTED)
    sees(supervisor, "bob", CONNECTED)

    cable.cut(hers.port)
    [stale] = wait_until(lambda: logged(sites, r"socket=(\w+) .*code=4408"), SOON, "given up")
    sees(supervisor, "alice", NOT_CONNECTED)
    sid = office.ring()
    office.answer(sid)
    wait_until(lambda: bob.shows({sid: "in-progress"}), SOON, "bob talks")
    nobody = r"delivered to nobody event=(\w+) name=call\.state streams=user\.\d+:\d+ "
    event = wait_until(lambda: logged(sites, nobody), SOON, "a line says it")[0]

    cable.heal(hers.port)
    wait_until(lambda: alice.shows({sid: "in-progress"}), 30, "alice sees that bob has answered")
    assert not alice.shown().rings
    sees(supervisor, "alice", CONNECTED)

    journey = wait_until(lambda: explained(others, event), SOON, "alice's browser has proved it")
    gone = rf"alice was gone from ({TIME}) to {TIME} and got it by replay at {TIME}\."
    verdict = journey.splitlines()[0]
    assert re.fullmatch(f"Delivered to 1 socket, proved by 1; {gone}", verdict)
    [back] = re.findall(
        rf"alice  {stale}  \S+/{hers.pid}  gone stale at {TIME} \(4408\), "
        rf"last pong {TIME}, before the event; came back as (\w+)",
        journey,
    )
    replayed = rf"opened {TIME}, replayed {TIME}, proved {TIME}"
    assert re.search(rf"alice  {back}  \S+/{hers.pid}  {replayed}", journey)
    assert re.search(rf"bob  \w+  \S+/{others.pid}  handed {TIME}, proved {TIME}", journey)

    counts = counted(others)
    assert counts["realtime_sockets_closed_total", "stale"] == 1
    assert counts["realtime_events_delivered_to_nobody_total", "user"] >= 1
    assert counts["realtime_events_replayed_total", ""] >= 1
    assert counts["realtime_sockets_open", ""] == 3

    admin = Admin(others)
    [key] = re.findall(r"key (\S+)", journey)
    assert any(verdict in page and event in page for page in admin.events(key))
    now_open = wait_until(lambda: in_the_list(admin, back), SOON, "her socket is recorded")
    users = sorted(row["who"] for row in now_open.values())
    assert users == ["alice (user.1)", "bob (user.2)", "sue (user.3)"]
    assert re.fullmatch(r"\d+ ms", now_open[back]["latency_now"])
    assert now_open[back]["streams_now"] == "user.1, desk"
    [ended] = admin.rows("recordedsocket", "state=ended")
    assert ended["id"] == stale
    assert re.search(r"4408 by server$", ended["end"])

    admin.disconnect(back)
    wait_until(lambda: alice.shown().connection == "closed", SOON, "alice's page is sent away")
    sees(supervisor, "alice", NOT_CONNECTED)
    assert alice.shown().connection == "closed", "it stays away"
    alice.load()
    sees(supervisor, "alice", CONNECTED)
