"""Pages that follow HTML and a model's rows, in real browsers, and beside other libraries."""

import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.browsers.browser import Browser, Page
from tests.processes.site import Site, Sites

pytestmark = pytest.mark.processes

LIVE = "window.client?.state === 'open' && client.subscribe('room.1').caughtUp"
LINES = "[...document.querySelectorAll('#lines li')].map(({ id, textContent }) => id + textContent)"
CONTROLS = (
    "Object.fromEntries([...document.querySelectorAll('[name]')].map((it) => [it.name, it.value]))"
)
VIOLATIONS = """
violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.blockedURI));
"""
USE = """
(() => {
  const at = (name) => document.querySelector(`[name=${name}]`);
  for (const [name, value] of [["typed", "mine"], ["text", "mine too"]]) {
    at(name).focus();
    document.execCommand("selectAll");
    document.execCommand("insertText", false, value);
  }
  at("chosen").value = "c";
  at("chosen").dispatchEvent(new Event("input", { bubbles: true }));
  document.querySelector("details").open = true;
  document.getElementById("scrolled").scrollTop = 30;
  at("typed").focus();
  at("typed").setSelectionRange(1, 3);
  window.before = at("typed");
})()
"""


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, site_database: object, site_env: dict[str, str]
) -> Iterator[Site]:
    sites = Sites(tmp_path_factory.mktemp("live"), site_database, site_env)
    site = sites("daphne", env={"DJANGO_SETTINGS_MODULE": "tests.browsers.live.settings"})
    site.manage("migrate", "live", "--run-syncdb", "--verbosity", "0")
    yield site
    sites.close()


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Callable[[str], Page]]:
    pages: list[Page] = []

    def opened(path: str) -> Page:
        pages.append(browser.open(f"live {len(pages)}"))
        pages[-1].before_scripts(VIOLATIONS)
        pages[-1].goto(f"{site.url}/page/{path}")
        pages[-1].wait_for(LIVE)
        return pages[-1]

    yield opened
    if not browser.crashed:
        for page in pages:
            page.close()


def ask(site: Site, path: str, **query: object) -> None:
    """Have the site publish, or change rows."""
    with urllib.request.urlopen(f"{site.url}/{path}/?{urllib.parse.urlencode(query)}") as answer:
        assert answer.status == 200


def line(site: Site, action: str, target: str, name: str, text: str = "") -> None:
    ask(site, f"change/{action}", target=target, template="line", id=name, text=text)


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
def test_a_page_follows(open_page: Callable[[str], Page], site: Site) -> None:
    page = open_page("board/")
    # Events may have come between rendering and following, so the part was fetched again.
    page.wait_for("document.getElementById('board').dataset.rendered > rendered.textContent")

    line(site, "append", "lines", "l2", "2")
    line(site, "prepend", "lines", "l0", "<b>")
    line(site, "after", "l2", "l4", "4")
    line(site, "before", "l4", "l3", "3")
    line(site, "append", "lines", "l3", "three")
    line(site, "replace", "l1", "l1", "one")
    ask(site, "change/remove", target="l4")
    ask(site, "change/remove", target="nowhere")
    page.wait_for(f"{LINES}.join() === 'l0<b>,l1one,l22,l3three'")

    # What was published without a connection comes with the next one, and once.
    page.run("client.close()")
    line(site, "append", "lines", "", "late")
    page.run("client.connect()")
    page.wait_for(f"{LINES}.at(-1) === 'late'")

    ask(site, "add/1/Sweep")
    ask(site, "add/1/Mop")
    page.wait_for("tasks.textContent === 'Sweep,Mop'")
    ask(site, "move/Sweep/2")
    page.wait_for("tasks.textContent === 'Mop'")
    ask(site, "move/Mop/2")
    assert page.evaluate("violations") == []


def test_an_older_event_of_a_row_changes_nothing(
    open_page: Callable[[str], Page], site: Site
) -> None:
    page = open_page("board/")
    ask(site, "row/replace/1", text="not here yet")
    ask(site, "row/append/2", text="new")
    ask(site, "row/replace/4", text="newest")
    ask(site, "row/replace/3", text="older")
    line(site, "append", "lines", "last", "1")
    page.wait_for(f"{LINES}.slice(-2).join() === 'rownewest,last1'")
    ask(site, "row/remove/6")
    ask(site, "row/append/5", text="gone")
    line(site, "append", "lines", "last", "2")
    page.wait_for(f"{LINES}.at(-1) === 'last2'")
    assert page.evaluate("document.getElementById('row')") is None


@pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
def test_what_a_person_does_is_kept(open_page: Callable[[str], Page], site: Site) -> None:
    page = open_page("board/")
    page.wait_for("document.getElementById('board').dataset.rendered > rendered.textContent")
    if page.browser.name == "chromium":  # Older ones, and Safari, have no such function.
        page.run("delete Element.prototype.moveBefore")
    page.run(USE)
    ask(site, "change/replace", target="board", template="board_part", number=7)
    page.wait_for("document.querySelector('details').textContent.includes('7')")
    state = """({
      same: before === document.querySelector("[name=typed]") && before === document.activeElement,
      selection: [before.selectionStart, before.selectionEnd],
      open: document.querySelector("details").open,
      scrolled: document.getElementById("scrolled").scrollTop,
      checked: document.querySelector("[name=check]").checked,
      fresh: [...document.querySelectorAll("form div, form div input")].map(({ id }) => id),
    })"""
    assert page.evaluate(state) == {
        "same": True,
        "selection": [1, 3],
        "open": True,
        "scrolled": 30,
        "checked": True,
        "fresh": ["other", "new"],
    }
    assert page.evaluate(CONTROLS) == {
        "typed": "mine",
        "untouched": "server 7",
        "text": "mine too",
        "check": "on",
        "chosen": "c",
        "left": "b",
    }

    # The page that the server shows has none of that, and no "Added above."
    ask(site, "change/refresh")
    page.wait_for("!document.querySelector('#board > p')")
    assert page.evaluate(CONTROLS)["typed"] == "mine"
    assert page.evaluate("before === document.activeElement")
    page.run("document.getElementById('form').reset()")
    assert page.evaluate(CONTROLS)["chosen"] == "a"


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_elements_come_and_go(open_page: Callable[[str], Page], site: Site) -> None:
    page = open_page("board/")
    page.wait_for("document.getElementById('board').dataset.rendered > rendered.textContent")
    page.run("""
    const first = document.querySelector("realtime-stream");
    window.second = first.cloneNode();
    second.setAttribute("data-refresh", "/page/board/?second");
    window.seen = board.dataset.rendered;
    document.body.append(second);
    """)
    # What came with it may be older than what the page shows.
    page.wait_for("board.dataset.rendered > seen")
    line(site, "append", "lines", "", "once")
    page.wait_for(f"{LINES}.join() === 'l11,once'")
    page.run("document.querySelector('realtime-stream').remove()")
    line(site, "append", "lines", "", "more")
    page.wait_for(f"{LINES}.join() === 'l11,once,more'")
    page.run("second.remove()")
    line(site, "append", "lines", "", "never")
    ask(site, "add/1/Rinse")
    page.wait_for("document.getElementById('tasks').textContent.includes('Rinse')")
    assert page.evaluate(LINES) == ["l11", "once", "more"]
    ask(site, "move/Rinse/2")


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
@pytest.mark.parametrize(
    "query",
    [
        {"library": "htmx.org/dist/htmx.min.js", "alpine": 1},
        {"library": "htmx4/dist/htmx.min.js", "sse": 1},
        {"library": "unpoly/unpoly.min.js"},
    ],
    ids=["htmx 2 and Alpine", "htmx 4 and its SSE", "Unpoly"],
)
def test_beside(open_page: Callable[[str], Page], site: Site, query: dict[str, object]) -> None:
    page = open_page(f"libraries/?{urllib.parse.urlencode(query)}")
    ask(site, "change/replace", target="part", template="widgets", number=1)
    page.wait_for("document.getElementById('ask')")
    if "htmx" in str(query["library"]):
        page.click("#ask")
        page.wait_for("out.textContent === '[]'")
    if "unpoly" in str(query["library"]):
        page.wait_for("document.querySelector('.compiled').textContent === 'compiled'")
    if "alpine" in query:
        page.run("document.querySelector('#alpine b').click()")
        page.click("#toggle")
        page.wait_for("panel.checkVisibility()")
        ask(site, "change/replace", target="part", template="widgets", number=2)
        page.wait_for("toggle.textContent === '2'")
        shown = "[alpine.className, alpine.querySelector('b').textContent, panel.checkVisibility()]"
        assert page.evaluate(shown) == ["wide", "2", True]
        page.run("document.querySelector('#alpine b').click()")
        page.click("#toggle")
        page.wait_for("!panel.checkVisibility()")
        assert page.evaluate("alpine.querySelector('b').textContent") == "4"
    assert page.evaluate("window.ran") is None
    # It has the stream's position, so there is nothing to fetch.
    fetched = "performance.getEntriesByType('resource').filter((it) => it.name.includes('/page/'))"
    assert page.evaluate(f"{fetched}.length") == 0


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_names_of_the_page_hide_nothing(open_page: Callable[[str], Page], site: Site) -> None:
    """A form's controls hide the form's own properties, and an id is a global variable."""
    page = open_page("board/")
    page.wait_for("document.getElementById('board').dataset.rendered > rendered.textContent")
    page.run("""
    window.errors = [];
    addEventListener("error", ({ message }) => errors.push(message));
    """)
    ask(site, "change/after", target="board", template="names", number=1)
    page.wait_for("document.getElementById('named')")
    page.run("""
    window.form = document.getElementById("named");
    window.typed = form.elements.children;
    typed.focus();
    document.execCommand("insertText", false, "mine");
    """)
    ask(site, "change/replace", target="up", template="names", number=2)
    page.wait_for("document.querySelector('.note')?.textContent === 'Note 2'")
    line(site, "append", "named", "new", "new")
    line(site, "prepend", "named", "newer", "newer")
    page.wait_for("document.getElementById('newer')")
    state = """({
      same: document.getElementById("named") === form && document.activeElement === typed,
      class: form.className,
      typed: typed.value,
      ends: [form.childNodes[0].id, [...form.childNodes].findLast((it) => it.id).id],
    })"""
    assert page.evaluate(state) == {
        "same": True,
        "class": "n2",
        "typed": "mine",
        "ends": ["newer", "new"],
    }
    line(site, "before", "named", "above", "above")
    line(site, "after", "named", "below", "below")
    ask(site, "change/remove", target="named")
    page.wait_for("!document.getElementById('named')")
    beside = "[...document.getElementById('up').children].map(({ id }) => id)"
    assert page.evaluate(beside) == ["above", "below", "htmx"]
    assert page.evaluate("errors") == []
