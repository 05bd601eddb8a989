"""The names of groups: the same in all processes of a site, others on another site."""

import os
import subprocess
import sys

import pytest
from channels.layers import BaseChannelLayer
from django.db import connection

from realtime.events import group_name
from realtime.layer.groups import every_hub

PRINT = "from realtime.events import group_name; print(group_name('user.1'))"


@pytest.fixture
def moved(settings, monkeypatch):
    """Return the group where a setting of the database or the project is another one."""

    def moved(database=(), **others):
        for name, value in {"REALTIME": {}, **others}.items():
            setattr(settings, name, value)
        for name, value in dict(database).items():
            monkeypatch.setitem(connection.settings_dict, name, value)
        return group_name("user.1")

    return moved


def in_another_process(directory, **environment):
    done = subprocess.run(
        [sys.executable, "-c", PRINT],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "PYTHONPATH": os.getcwd(),
            "SECRET_KEY": "key",
            **environment,
        },
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_all_processes_of_a_site_agree_without_asking_anybody():
    assert in_another_process(".", DATABASE_URL="sqlite:///away.sqlite3") == in_another_process(
        "docs", DATABASE_URL="sqlite:///../away.sqlite3"
    )


def test_another_key_or_database_is_another_site(moved):
    names = [
        moved(),
        moved(SECRET_KEY="another"),
        moved(database={"NAME": "copy"}),
        moved(database={"HOST": "another.example.com"}),
        moved(database={"PORT": "5433"}),
    ]
    assert len(set(names)) == len(names)


def test_a_site_may_be_named(moved):
    named = moved(REALTIME={"SITE": "calls, production"})
    assert moved(REALTIME={"SITE": "calls, staging"}) != named
    again = moved(REALTIME={"SITE": "calls, production"}, SECRET_KEY="another")
    assert again == named


def test_the_group_of_all_hubs_carries_the_site_too(moved):
    assert moved() == f"{every_hub()}.user.1"
    before = every_hub()
    moved(SECRET_KEY="another")
    assert every_hub() != before


@pytest.mark.parametrize("site", [None, "x" * 500])
def test_the_longest_name_is_one_that_channels_takes(settings, site):
    settings.REALTIME = {"SITE": site}
    assert BaseChannelLayer().require_valid_group_name(group_name("x" * 80))


def test_a_project_without_a_key_or_a_database_has_groups_too():
    code = f"from django.conf import settings; settings.configure(); {PRINT}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("realtime.")
