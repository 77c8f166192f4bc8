from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def make_definitions(**options: Any) -> None:
    from by_kinds.shop_kinds.models import CartReminder, OldCarts, UnpaidOrders

    OldCarts.objects.get_or_create(name="delete old carts", defaults={"hour": "3", "minute": "0"})
    CartReminder.objects.get_or_create(
        name="remind of carts", defaults={"minute": "*/15", "retries": 3}
    )
    UnpaidOrders.objects.get_or_create(
        name="cancel unpaid orders",
        defaults={"hour": "4", "minute": "0", "time_limit": 600},
    )


class ShopKindsConfig(AppConfig):
    name = "by_kinds.shop_kinds"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(make_definitions, sender=self)
