from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

from django.core.mail import send_mail
from django.core.validators import MinValueValidator
from django.db.models import Q, Sum
from django.utils import timezone

from countjobs import job
from shop.models import Cart, Customer, Order

Days = Annotated[int, MinValueValidator(1)]


@job(schedule={"hour": 3})
def delete_old_carts(days: Days = 30) -> None:
    """Delete carts that haven't changed for this many days."""
    deleted, _ = Cart.objects.filter(changed_at__lt=timezone.now() - timedelta(days)).delete()
    print(deleted, "carts deleted")


@job(schedule="*/15 * * * *", retries=3)
def remind_of_carts(after: timedelta = timedelta(days=1), subject: str = "Your cart") -> None:
    """Remind customers of their carts, once for each cart."""
    for cart in Cart.objects.filter(reminded=False, changed_at__lt=timezone.now() - after):
        send_mail(subject, "Your cart is still there.", None, [cart.customer.email])
        Cart.objects.filter(pk=cart.pk).update(reminded=True)


@job(schedule={"hour": 4}, time_limit=600)
async def cancel_unpaid_orders(days: Days = 14, keep_above: Decimal | None = None) -> None:
    """Cancel orders that nobody has paid.

    Args:
        days: How long to wait for the money.
        keep_above: Orders of more than this stay. Empty: none stay.
    """
    unpaid = Order.objects.filter(is_paid=False, ordered_at__lt=timezone.now() - timedelta(days))
    if keep_above is not None:
        unpaid = unpaid.filter(total__lte=keep_above)
    print(await unpaid.aupdate(status="cancelled"), "orders cancelled")


@job(permission="shop.refund_order")
def refund(order: Order, amount: Decimal, reason: str = "") -> None:
    """Pay money back, and say so to the customer."""
    if order.refunded + amount > order.total:
        raise ValueError(f"More than {order.total} can't be refunded.")
    order.refunded += amount
    order.save(update_fields=["refunded"])
    send_mail("Your refund", f"{amount} {reason}", None, [order.customer.email])


@job
def report_sales(to: list[str], period: Literal["day", "week", "month"] = "week") -> None:
    """Mail the sales of the last day, week or month."""
    days = {"day": 1, "week": 7, "month": 30}[period]
    orders = Order.objects.filter(ordered_at__gte=timezone.now() - timedelta(days), is_paid=True)
    sales = orders.aggregate(sum=Sum("total"))["sum"] or 0
    send_mail(f"Sales of the last {period}", f"{sales:.2f}", None, to)


class Audience(Enum):
    EVERYBODY = Q()
    WANTS_OFFERS = Q(wants_offers=True)
    NEVER_LOGGED_IN = Q(last_login=None)


@job
def mail_offer(subject: str, text: str, audience: Audience = Audience.WANTS_OFFERS) -> None:
    """Mail an offer to customers."""
    for email in Customer.objects.filter(audience.value).values_list("email", flat=True):
        send_mail(subject, text, None, [email])


@job
def move_addresses(domains: dict[str, str]) -> None:
    """Replace the domains of mail addresses: each old one by a new one."""
    for old, new in domains.items():
        for customer in Customer.objects.filter(email__endswith=f"@{old}"):
            customer.email = customer.email.removesuffix(old) + new
            customer.save(update_fields=["email"])


@job
def delete_customer(customer: Customer, keep_orders: bool = True) -> None:
    """Delete a customer who has asked for it."""
    if keep_orders and customer.order_set.exists():
        raise ValueError("This customer has orders.")
    customer.delete()
