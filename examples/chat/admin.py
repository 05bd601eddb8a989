"""Rooms and their members in the admin."""

from django.contrib import admin

from examples.chat.models import Room

admin.site.register(Room)
