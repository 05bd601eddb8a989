"""What a site adds for clients without a session cookie: its tickets, and short-lived tokens."""

import time

import jwt
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import path

from project.urls import urlpatterns as pages
from realtime.jwt import JWTAuthenticator
from realtime.tickets import ticket_view

LIFETIME = 2
"""Seconds of a token."""

authenticate = JWTAuthenticator(leeway=0)


@login_required
def token(request: HttpRequest) -> JsonResponse:
    claims = {"sub": str(request.user.pk), "exp": int(time.time()) + LIFETIME}
    return JsonResponse({"ticket": jwt.encode(claims, settings.SECRET_KEY)})


urlpatterns = [*pages, path("ticket/", ticket_view), path("token/", token)]
