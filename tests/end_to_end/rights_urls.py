"""A site on which a test signs users in, and ends their rights in each way that there is."""

from collections.abc import Callable

from django.contrib.auth import get_user_model, login, logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from realtime import disconnect

User = get_user_model()


def change_password(request: HttpRequest) -> None:
    request.user.set_password("another")
    request.user.save()


def deactivate(request: HttpRequest) -> None:
    request.user.is_active = False
    request.user.save(update_fields=["is_active"])


def delete_user(request: HttpRequest) -> None:
    User.objects.filter(pk=request.user.pk).delete()


def flush(request: HttpRequest) -> None:
    request.session.flush()


def delete_sessions(request: HttpRequest) -> None:
    Session.objects.filter(pk=request.session.session_key).delete()


def send_away(request: HttpRequest) -> None:
    disconnect(request.user, reason="Closing time.")


def send_away_for_now(request: HttpRequest) -> None:
    with transaction.atomic():
        disconnect(request.user, retry=True)


def roll_back(request: HttpRequest) -> None:
    with transaction.atomic():
        deactivate(request)
        disconnect(request.user)
        transaction.set_rollback(True)


def harmless(request: HttpRequest) -> None:
    request.user.first_name = "Renamed"
    request.user.save()


WAYS: dict[str, Callable[[HttpRequest], None]] = {
    "logout": logout,
    "password": change_password,
    "deactivated": deactivate,
    "deleted": delete_user,
    "flushed": flush,
    "session": delete_sessions,
    "disconnect": send_away,
    "for now": send_away_for_now,
    "rolled back": roll_back,
    "harmless": harmless,
}


@csrf_exempt
def enter(request: HttpRequest, name: str) -> HttpResponse:
    user, _ = User.objects.get_or_create(username=name)
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


@csrf_exempt
def end(request: HttpRequest, way: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return HttpResponseBadRequest("nobody is logged in")
    WAYS[way](request)
    return HttpResponse()


urlpatterns = [path("enter/<name>/", enter), path("end/<way>/", end)]
