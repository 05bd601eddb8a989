"""Judges what a running server did with a socket and an event, for the first start of a project."""

from __future__ import annotations

from realtime.doctor.finding import Finding, Id, error, ok
from realtime.doctor.rules.handshake import NO_SOCKET, Answer, Handshakes, judge_handshake

IN_ASGI = "In asgi.py: application = realtime.asgi.application()."


def judge_server(origin: str, reason: str = "") -> Finding:
    """Judge whether a server answers; ``reason`` says why there is no connection."""
    if not reason:
        return ok("tcp", f"A server answers at {origin}.")
    return error(
        "tcp",
        f"No server answers at {origin}: {reason}.",
        why="It doesn't run, or listens at another address.",
        do="Start it with manage.py runserver, or name its address: realtime_check --live "
        "http://127.0.0.1:8000",
    )


def judge_route(answer: Answer, origin: str, path: str) -> Finding:
    """Judge whether the socket opened at ``path`` for a page of ``origin``."""
    if answer.status == 404:
        return error(
            "handshake",
            f"The server answers 404 for {path}.",
            why=f"A WSGI server answers, or asgi.py has no such path. {NO_SOCKET}",
            do="runserver needs 'daphne' first in INSTALLED_APPS, and ASGI_APPLICATION; another "
            f"server has to be one for ASGI. {IN_ASGI}",
        )
    if answer.status == 403:
        return error(
            "handshake",
            f"The server refuses a socket at {path} (403).",
            why=f"It doesn't allow pages of {origin}, or serves no socket at this path. "
            f"{NO_SOCKET}",
            do="The server's log says which. For the origin, add the host to ALLOWED_HOSTS, or the "
            "origin to CSRF_TRUSTED_ORIGINS. For the path, compare it with that of asgi.py.",
        )
    if answer.status == 500:
        return error(
            "handshake",
            f"The server fails to serve {path} (500).",
            why="asgi.py may have Django's own application, which serves no WebSocket. "
            + NO_SOCKET,
            do=f"{IN_ASGI} The server's log has the traceback.",
        )
    return judge_handshake(Handshakes(answer))


def judge_failure(id: Id, reason: str) -> Finding:
    """Judge a step that failed, such as one in which the socket ended."""
    return error(
        id,
        f"This step failed: {reason}.",
        why="A page would come no further.",
        do="See the server's log; of a close code, docs/consumers.md, Close codes.",
    )


def judge_heartbeat(seconds: float) -> Finding:
    """Judge a ping of the page; one that is never answered has taken the step's whole time."""
    return ok("latency", f"A heartbeat is answered after {seconds * 1000:.0f} ms.")


def judge_event_log(refusal: str | None) -> Finding:
    """Judge whether the server had an event that was published here; ``refusal`` says why not."""
    if refusal is None:
        return ok("event-log", "The server reads the events that this process has published.")
    return error(
        "event-log",
        f"The server doesn't have an event that this process has published: {refusal}.",
        why="Pages get no events of other processes, such as workers and commands.",
        do="Give both the same SECRET_KEY, database and REALTIME['EVENT_LOG'], and run "
        "manage.py migrate. The server's log may say more.",
    )


def judge_shared_layer(in_memory: bool, seconds: float | None, check: float) -> Finding:
    """Judge the way over the channel layer: ``seconds`` are those that an event took, if it came.

    ``check`` is the time between two checks of the log, in seconds.
    """
    if in_memory:
        return ok(
            "layer",
            "The channel layer is in-memory: what the server publishes is on its pages "
            f"immediately, what another process publishes within {check:g} s. With more processes, "
            "set CHANNEL_LAYERS.",
        )
    if seconds is not None:
        return ok("layer", f"An event of this process is on a page after {seconds * 1000:.0f} ms.")
    return error(
        "layer",
        "An event that this process has published did not reach the server's sockets.",
        why="Events of other processes come late, by checks of the log, and ephemeral ones never.",
        do="Give both the same CHANNEL_LAYERS and REALTIME['SITE'], and see whether the layer's "
        "server runs: manage.py realtime_doctor.",
    )
