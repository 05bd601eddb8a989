"""Users by the kind of their primary key, and the relatives of one of these models."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Manager(BaseUserManager):
    """Users log in by the name that is their model's USERNAME_FIELD."""


class EmailUser(AbstractBaseUser):
    email = models.EmailField(primary_key=True, max_length=254)
    objects = Manager()
    USERNAME_FIELD = "email"


class ProxyUser(EmailUser):
    class Meta:
        proxy = True


class Customer(EmailUser):
    """Has a table of its own, and a row in that of EmailUser."""

    company = models.CharField(max_length=100)


class ProxyCustomer(Customer):
    class Meta:
        proxy = True


class Note(models.Model):  # noqa: DJ008
    """Nothing to do with users."""


class UUIDUser(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=100, unique=True, default="alice")
    objects = Manager()
    USERNAME_FIELD = "name"


class TextUser(AbstractBaseUser):
    name = models.CharField(primary_key=True, max_length=254)
    objects = Manager()
    USERNAME_FIELD = "name"


class DecimalUser(AbstractBaseUser):
    number = models.DecimalField(primary_key=True, max_digits=12, decimal_places=2)
    objects = Manager()
    USERNAME_FIELD = "number"


class Person(models.Model):  # noqa: DJ008
    address = models.EmailField(primary_key=True)


class PersonUser(AbstractBaseUser):
    """Its primary key is a foreign key."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True)
    objects = Manager()
    USERNAME_FIELD = "person"


class Account(models.Model):  # noqa: DJ008
    opened = models.DateField(auto_now_add=True)


class AccountUser(Account, AbstractBaseUser):  # noqa: DJ008
    """The user model is the child, and the parent is no user."""

    name = models.CharField(max_length=100, unique=True, default="alice")
    objects = Manager()
    USERNAME_FIELD = "name"
