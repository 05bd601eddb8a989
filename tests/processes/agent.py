"""A user who has logged in to a site with an ordinary HTTP session."""

import requests

TIMEOUT = 10  # seconds


class Agent:
    """Logs in on the site's form; then `get` and `post` go with the session and its CSRF token."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.username = username
        self._url = url
        self._session = requests.Session()
        # A connection kept alive would be counted among the site's open sockets.
        self._session.headers["Connection"] = "close"
        self.get("/login/").raise_for_status()
        answer = self.post("/login/", {"username": username, "password": password})
        assert "sessionid" in self._session.cookies, f"{username}: {answer.status_code}"

    def get(self, path: str) -> requests.Response:
        """GET a path of the site."""
        return self._session.get(self._url + path, timeout=TIMEOUT)

    def post(self, path: str, data: dict[str, str] | None = None) -> requests.Response:
        """POST form fields to a path of the site; a redirect is returned, not followed."""
        return self._session.post(
            self._url + path,
            data,
            headers={"X-CSRFToken": self._session.cookies["csrftoken"] or "", "Referer": self._url},
            allow_redirects=False,
            timeout=TIMEOUT,
        )

    def cookie_header(self) -> str:
        """Return the session's cookies as a ``Cookie`` header, for a WebSocket's handshake."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._session.cookies)
