"""The list's page."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
@permission_required("checklist.change_item", raise_exception=True)
def checklist(request: HttpRequest) -> HttpResponse:
    return render(request, "checklist/checklist.html")
