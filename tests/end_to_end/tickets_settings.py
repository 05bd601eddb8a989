"""The demo's settings for a site that also takes tickets, JSON Web Tokens and visitors."""

from project.settings import *  # noqa: F403
from project.settings import REALTIME

ROOT_URLCONF = "tests.end_to_end.tickets_site"
REALTIME = {
    **REALTIME,
    "AUTHENTICATE": "tests.end_to_end.tickets_site.authenticate",
    "POSITION_CHECK": 1,
}
