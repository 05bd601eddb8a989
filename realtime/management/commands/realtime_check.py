"""``manage.py realtime_check``: what a project lacks, and whether its running server works."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from realtime.doctor.address import Address, read_address
from realtime.doctor.bounded import bounded, in_thread
from realtime.doctor.finding import Findings, Id, Level, exit_code, skipped_all
from realtime.doctor.inside.database import examine_each, examine_reachable
from realtime.doctor.inside.sign_in import SignedIn, first_user, sign_in
from realtime.doctor.inside.site import examine_system_checks
from realtime.doctor.outside.live import STEPS, examine_live
from realtime.doctor.report import as_text

CHECK_WITHIN = 10.0
"""Seconds of one check."""

RUNSERVER = "http://127.0.0.1:8000"

LIVE_CHECKS: tuple[Id, ...] = ("tcp", *STEPS)


class Command(BaseCommand):
    help = "Says what the project lacks; with --live, whether its running server delivers events."
    requires_system_checks = []  # They are findings.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--live",
            nargs="?",
            const=RUNSERVER,
            metavar="URL",
            help=f"open a socket to the server at this address (default: {RUNSERVER})",
        )
        parser.add_argument("--user", help="a user to sign in as (default: the first one)")

    def handle(self, *args: Any, **options: Any) -> None:
        address = None if options["live"] is None else _address(options["live"])
        findings = asyncio.run(_examine(address, options["user"]))
        self.stdout.write(as_text(findings))
        if code := exit_code(findings, Level.ERROR):
            sys.exit(code)


def _address(text: str) -> Address:
    try:
        return read_address(text)
    except ValueError as reason:
        raise CommandError(str(reason)) from None


async def _examine(address: Address | None, user: str | None) -> Findings:
    checks: dict[Id, Callable[[], Findings]] = {
        "system-checks": examine_system_checks,
        "database": examine_reachable,
        "migrations": partial(examine_each, "migrations"),
    }
    findings: Findings = []
    for id, check in checks.items():
        findings += await bounded(id, partial(in_thread, check), CHECK_WITHIN)
        if exit_code(findings, Level.ERROR):
            rest = () if address is None else LIVE_CHECKS
            return findings + skipped_all(rest, "Correct the error above first.")
    if address is None:
        return findings
    signed_in = await in_thread(partial(_sign_in, user))
    try:
        return findings + await examine_live(address, signed_in)
    finally:
        if signed_in is not None:
            await in_thread(signed_in.end)


def _sign_in(user: str | None) -> SignedIn | None:
    name = user or first_user()
    try:
        return None if name is None else sign_in(name)
    except LookupError as reason:
        raise CommandError(str(reason)) from None
