"""The supervisor's page in a browser."""

from tests.browsers.browser import Browser, Page


def open_supervisor(browser: Browser, url: str, profile: str) -> Page:
    """Log the demo's supervisor in, which opens her page, and wait until it shows the agents."""
    page = browser.open(f"supervisor.{profile}", profile)
    page.goto(f"{url}/login/")
    page.fill("[name=username]", "sue")
    page.fill("[name=password]", "demo")
    page.press("Enter")
    page.wait_for("document.querySelector('#desks [data-agent]')")
    return page
