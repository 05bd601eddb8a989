"""The demo's pages, and Django's logout without the form that asks for it."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from project import urls


@csrf_exempt
def leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse(status=204)


urlpatterns = [*urls.urlpatterns, path("leave/", leave)]
