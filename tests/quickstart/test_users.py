"""Issue 8, line 21: whatever the user model, quickstart makes a user or says why it can't."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin, User
from django.core.management import call_command
from django.core.validators import RegexValidator
from django.db import connection, models
from django.test.utils import isolate_apps

from countjobs.quickstart import firsttime, users

COMMAND = "countjobs.management.commands.quickstart"


class Manager(BaseUserManager[Any]):
    """As simple as Django's documentation has it."""

    def create_superuser(self, password: str | None = None, **fields: Any) -> Any:
        user = self.model(is_superuser=True, **fields)
        user.set_password(password)
        user.save()
        return user


class BirthdayManager(Manager):
    def create_superuser(self, email: str, date_of_birth: str, password: str) -> Any:  # type: ignore[override]  # as such managers do
        return super().create_superuser(password, email=email, date_of_birth=date_of_birth)


class NoPermissions(AbstractBaseUser):
    """Django's documentation's own example: `is_admin` stands for everything."""

    email = models.EmailField(unique=True)
    is_admin = models.BooleanField(default=False)
    USERNAME_FIELD = "email"
    objects = Manager()

    class Meta:
        abstract = True


class ByMail(AbstractBaseUser, PermissionsMixin):
    """`is_active` is no column, and there is no name but the address."""

    groups: Any = None
    user_permissions: Any = None
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
    objects = Manager()

    class Meta:
        abstract = True


class ByName(ByMail):
    """As Django's own, whose mail address may stay empty."""

    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        abstract = True


class WithBirthday(ByMail):
    date_of_birth = models.DateField()
    REQUIRED_FIELDS = ["date_of_birth"]

    class Meta:
        abstract = True


class WithBirthdayArgument(WithBirthday):
    objects = BirthdayManager()

    class Meta:
        abstract = True


class WithTeam(ByMail):
    team = models.ForeignKey(Group, models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class WithPhone(ByMail):
    phone = models.CharField(max_length=20)
    REQUIRED_FIELDS = ["phone"]

    class Meta:
        abstract = True


class WithNickname(ByMail):
    """Nobody is asked for it, so it is empty."""

    nickname = models.CharField(max_length=20)
    level = models.IntegerField(default=1)
    born = models.DateField(null=True)
    REQUIRED_FIELDS = ["level"]

    class Meta:
        abstract = True


class Numbered(ByMail):
    number = models.IntegerField(unique=True)
    USERNAME_FIELD = "number"

    class Meta:
        abstract = True


class ByPhone(ByMail):
    phone = models.CharField(max_length=20, unique=True, validators=[RegexValidator(r"^\+\d+$")])
    USERNAME_FIELD = "phone"

    class Meta:
        abstract = True


class NoManager(ByMail):
    objects: Any = models.Manager()

    class Meta:
        abstract = True


TABLE: list[tuple[Any, str]] = [
    (ByName, ""),
    (ByMail, ""),
    (WithNickname, ""),
    (NoPermissions, "app.Account has no field “is_superuser”"),
    (WithBirthday, "app.Account also needs “date_of_birth”"),
    (WithBirthdayArgument, "app.Account also needs “date_of_birth”"),
    (WithTeam, "app.Account also needs “team”"),
    (WithPhone, "app.Account also needs “phone”"),
    (Numbered, "“number” of app.Account can't be “admin”"),
    (ByPhone, "“phone” of app.Account can't be “admin”"),
    (NoManager, "the manager of app.Account has no “create_superuser”"),
]


def account_of(base: Any) -> Any:
    """A user model. To be called where apps are isolated."""
    meta = type("Meta", (), {"app_label": "app"})
    return type("Account", (base,), {"__module__": __name__, "Meta": meta})


@pytest.mark.parametrize(("base", "reason"), TABLE, ids=lambda each: getattr(each, "__name__", ""))
@isolate_apps("tests.app")
def test_what_a_user_model_lacks_is_known_before_anything_is_done(base: Any, reason: str) -> None:
    assert users.obstacle(account_of(base)) == reason


@pytest.fixture
def as_users(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Callable[[Any], None]]:
    """Makes a model's table, and the model the site's."""
    made: list[Any] = []

    def use(model: Any) -> None:
        with connection.schema_editor() as editor:
            editor.create_model(model)
        made.append(model)
        monkeypatch.setattr(firsttime, "get_user_model", lambda: model)
        monkeypatch.setattr(f"{COMMAND}.get_user_model", lambda: model)

    yield use
    for model in made:
        with connection.schema_editor() as editor:
            editor.delete_model(model)


FINE = [base for base, reason in TABLE if not reason]
SHORT = [base for base, reason in TABLE if reason]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("base", FINE)
@isolate_apps("tests.app")
def test_a_model_that_lacks_nothing_gets_its_user_once(
    base: Any, as_users: Callable[[Any], None]
) -> None:
    as_users(account := account_of(base))
    login = firsttime.ensure_superuser()
    assert login is not None
    [made] = account._default_manager.all()
    assert made.is_superuser
    assert made.check_password(login.password)
    assert made.get_username() == login.username == users.name_in(account)
    assert firsttime.ensure_superuser() == firsttime.Login(login.username, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("base", SHORT)
@isolate_apps("tests.app")
def test_one_that_lacks_something_gets_a_line_before_the_migration_and_how_to_make_a_user(
    base: Any, as_users: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_users(account := account_of(base))
    said = StringIO()
    monkeypatch.setattr(f"{COMMAND}.Command._serve", lambda *_: None)
    monkeypatch.setattr(f"{COMMAND}.call_command", lambda *_, **__: said.write("migrating\n"))
    call_command("quickstart", port=0, stdout=said)
    reason = users.obstacle(account)
    before, _, after = said.getvalue().partition("migrating\n")
    assert f"No first user will be created: {reason}." in before
    assert f"No user was created: {reason}. Create one with\n" in after
    assert "manage.py createsuperuser" in after
    assert not account._default_manager.exists()


@pytest.mark.django_db
def test_what_the_models_own_code_raises_is_told_and_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**_: object) -> None:
        User.objects.create_user("half")
        raise ValueError("A superuser needs a badge.")

    monkeypatch.setattr(type(User.objects), "create_superuser", staticmethod(refuse))
    with pytest.raises(firsttime.NoFirstUserError, match=r"ValueError: A superuser needs a badge"):
        firsttime.ensure_superuser()
    assert not User.objects.exists()
