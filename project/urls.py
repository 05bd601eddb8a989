"""The demo's pages: the desk at the root, its calls, login and the admin."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

from project.login import Login

urlpatterns = [
    path("", include("calls.urls")),
    path("login/", Login.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/login/", Login.as_view()),
    path("admin/", admin.site.urls),
]
