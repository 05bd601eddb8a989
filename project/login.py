"""The login page: the attempts are limited, and at home it says who may log in."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse

from calls.management.commands.create_demo_users import AGENTS, PASSWORD
from project.exposure import is_this_machine
from project.throttle import WINDOW, Attempt
from realtime.logs import LIMITED, get_logger

logger = get_logger(__name__)


class Login(LoginView):
    """Django's login page with a throttle; the admin's login is this one too."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        address = client_address(request)
        self.attempt = Attempt(request.POST.get("username", ""), address)
        if self.attempt.begin():
            return super().post(request, *args, **kwargs)
        logger.warning("login refused address=%s reason=too-many", address, extra=LIMITED)
        return self._refused()

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        self.attempt.succeeded()
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.AT_HOME:
            context |= {"demo_users": AGENTS, "demo_password": PASSWORD}
        return context

    def _refused(self) -> HttpResponse:
        refusal = f"Too many attempts have failed. Try again in {WINDOW // 60} minutes."
        context = self.get_context_data(form=AuthenticationForm(self.request), refusal=refusal)
        headers = {"Retry-After": str(WINDOW)}
        return self.render_to_response(context, status=429, headers=headers)


def client_address(request: HttpRequest) -> str:
    """Return the address that a request came from, or that a proxy on this machine reports.

    Only the last one reported is the proxy's own word; a client may have sent those before it.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if is_this_machine(address):
        reported = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return reported or address
    return address
