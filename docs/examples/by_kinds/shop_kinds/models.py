from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Sum
from django.utils import timezone

from countjobs.api import JobDefinition
from countjobs.models.fields import KeyTextField
from shop.models import Cart, Customer, Order


class OldCarts(JobDefinition):
    days = models.PositiveIntegerField(default=30, validators=[MinValueValidator(1)])

    class Meta(JobDefinition.Meta):
        verbose_name_plural = "old carts"

    def run(self) -> None:
        before = timezone.now() - timedelta(self.days)
        deleted, _ = Cart.objects.filter(changed_at__lt=before).delete()
        print(deleted, "carts deleted")


class CartReminder(JobDefinition):
    after = models.DurationField(default=timedelta(days=1))
    subject = models.CharField(max_length=200, default="Your cart")

    def run(self) -> None:
        before = timezone.now() - self.after
        for cart in Cart.objects.filter(reminded=False, changed_at__lt=before):
            send_mail(self.subject, "Your cart is still there.", None, [cart.customer.email])
            Cart.objects.filter(pk=cart.pk).update(reminded=True)


class UnpaidOrders(JobDefinition):
    days = models.PositiveIntegerField(
        default=14, validators=[MinValueValidator(1)], help_text="How long to wait for the money."
    )
    keep_above = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Orders of more than this stay. Empty: none stay.",
    )

    class Meta(JobDefinition.Meta):
        verbose_name_plural = "unpaid orders"

    async def run(self) -> None:
        before = timezone.now() - timedelta(self.days)
        unpaid = Order.objects.filter(is_paid=False, ordered_at__lt=before)
        if self.keep_above is not None:
            unpaid = unpaid.filter(total__lte=self.keep_above)
        print(await unpaid.aupdate(status="cancelled"), "orders cancelled")


class Refund(JobDefinition):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    reason = models.CharField(max_length=200, blank=True)

    def run(self) -> None:
        order = self.order
        if order.refunded + self.amount > order.total:
            raise ValueError(f"More than {order.total} can't be refunded.")
        order.refunded += self.amount
        order.save(update_fields=["refunded"])
        send_mail("Your refund", f"{self.amount} {self.reason}", None, [order.customer.email])


class SalesReport(JobDefinition):
    to = models.JSONField(default=list)
    period = models.CharField(
        max_length=5,
        choices=[("day", "day"), ("week", "week"), ("month", "month")],
        default="week",
    )

    def clean(self) -> None:
        super().clean()
        if not isinstance(self.to, list) or not all(isinstance(each, str) for each in self.to):
            raise ValidationError({"to": "This must be a list of texts."})

    def run(self) -> None:
        days = {"day": 1, "week": 7, "month": 30}[self.period]
        since = timezone.now() - timedelta(days)
        orders = Order.objects.filter(ordered_at__gte=since, is_paid=True)
        sales = orders.aggregate(sum=Sum("total"))["sum"] or 0
        send_mail(f"Sales of the last {self.period}", f"{sales:.2f}", None, self.to)


class Offer(JobDefinition):
    class Audience(models.TextChoices):
        EVERYBODY = "everybody"
        WANTS_OFFERS = "wants offers"
        NEVER_LOGGED_IN = "never logged in"

    subject = models.CharField(max_length=200)
    text = models.TextField()
    audience = models.CharField(
        max_length=20, choices=Audience.choices, default=Audience.WANTS_OFFERS
    )

    def run(self) -> None:
        queries: dict[str, dict[str, Any]] = {
            self.Audience.EVERYBODY: {},
            self.Audience.WANTS_OFFERS: {"wants_offers": True},
            self.Audience.NEVER_LOGGED_IN: {"last_login": None},
        }
        customers = Customer.objects.filter(**queries[self.audience])
        for email in customers.values_list("email", flat=True):
            send_mail(self.subject, self.text, None, [email])


class AddressMove(JobDefinition):
    domains = KeyTextField()

    def run(self) -> None:
        for old, new in self.domains.items():
            for customer in Customer.objects.filter(email__endswith=f"@{old}"):
                customer.email = customer.email.removesuffix(old) + new
                customer.save(update_fields=["email"])


class CustomerRemoval(JobDefinition):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    keep_orders = models.BooleanField(default=True)

    def run(self) -> None:
        if self.keep_orders and self.customer.order_set.exists():
            raise ValueError("This customer has orders.")
        self.customer.delete()
