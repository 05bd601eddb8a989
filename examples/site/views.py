"""The index, and a log-in for users whom everybody may be."""

from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from examples.site.demo_data import USERS


def index(request: HttpRequest) -> HttpResponse:
    return render(request, "site/index.html", {"users": USERS})


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    users = get_user_model().objects.filter(username__in=USERS)
    login(request, get_object_or_404(users, username=request.POST.get("username")))
    return redirect("index")
