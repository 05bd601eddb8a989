"""``manage.py realtime_doctor``: examine a deployment from outside and from inside."""

from __future__ import annotations

import asyncio
import sys
from importlib.util import find_spec
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from realtime.conf import realtime_settings
from realtime.doctor.address import Address, read_address
from realtime.doctor.bounded import bounded, in_thread
from realtime.doctor.finding import Findings, Level, error, exit_code, skipped
from realtime.doctor.inside.examination import examine_inside, without_doubts
from realtime.doctor.inside.sign_in import SignedIn, sign_in
from realtime.doctor.report import as_json, as_text

SIGN_IN_WITHIN = 10.0
"""Seconds."""


class Command(BaseCommand):
    help = "Examines a deployment: over its public address as a browser, and from inside."
    requires_system_checks = []  # They are findings.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", nargs="?", help="such as https://example.com")
        parser.add_argument(
            "--idle", type=float, default=15.0, help="seconds to wait in silence (default: 15)"
        )
        who = parser.add_mutually_exclusive_group()
        who.add_argument("--user", help="a user to sign in as, by the project's own sessions")
        who.add_argument("--cookie", help="NAME=VALUE of somebody who is signed in")
        parser.add_argument("--drain", type=int, metavar="PID", help="a server to end by SIGTERM")
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--fail-on", choices=["error", "warning"], default="error", help="exit with 1 on it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        findings = asyncio.run(_examine(_address(options["address"]), options))
        self.stdout.write(as_json(findings) if options["json"] else as_text(findings))
        if code := exit_code(findings, Level(options["fail_on"])):
            sys.exit(code)


def _address(text: str | None) -> Address | None:
    try:
        return None if text is None else read_address(text)
    except ValueError as reason:
        raise CommandError(str(reason)) from None


async def _examine(address: Address | None, options: dict[str, Any]) -> Findings:
    inside = asyncio.create_task(examine_inside(address, options["drain"]))
    outside = await _outside(address, options)
    return without_doubts(outside + await inside)


async def _outside(address: Address | None, options: dict[str, Any]) -> Findings:
    if address is None:
        return [skipped("handshake", "No address was given, so nothing is known from outside.")]
    if find_spec("websockets") is None:
        return [
            error(
                "handshake",
                "The outside can't be examined: the package websockets is missing.",
                why="The doctor uses it to connect as a browser does.",
                do="pip install 'channels-realtime[doctor]'",
            )
        ]
    signed_in: list[SignedIn] = []

    async def sign_in_first() -> Findings:
        signed_in.append(await in_thread(lambda: sign_in(options["user"])))
        return []

    findings = await bounded("welcome", sign_in_first, SIGN_IN_WITHIN) if options["user"] else []
    try:
        return findings + await _from_outside(address, options, next(iter(signed_in), None))
    finally:
        for each in signed_in:
            await in_thread(each.end)


async def _from_outside(
    address: Address, options: dict[str, Any], signed_in: SignedIn | None
) -> Findings:
    from realtime.doctor.outside.examination import Wanted, examine_outside

    ours = realtime_settings()
    wanted = Wanted(
        address=address,
        idle=options["idle"],
        interval=ours.HEARTBEAT_INTERVAL,
        cookie=options["cookie"] if signed_in is None else signed_in.cookie,
        me=None if signed_in is None else signed_in.me,
        visitors_allowed=ours.ANONYMOUS,
        drain=options["drain"],
    )
    return await examine_outside(wanted)
