"""What the examples need in an empty database."""

from django.contrib.auth import get_user_model

from examples.chat.models import Room
from examples.orders.models import Order

USERS = {
    "alice": "may do everything",
    "bob": "may do everything, too",
    "carol": "is no member of the chat and no member of the staff",
}


def create_demo_data() -> None:
    users = get_user_model().objects
    for username in USERS:
        trusted = username != "carol"
        users.get_or_create(
            username=username, defaults={"is_staff": trusted, "is_superuser": trusted}
        )
    lobby, _ = Room.objects.get_or_create(slug="lobby")
    lobby.members.set(users.exclude(username="carol"))
    if not Order.objects.exists():
        for number, customer in enumerate(("Ada", "Grace", "Edsger", "Barbara"), start=1):
            Order.objects.create(customer=customer, pieces=number)
