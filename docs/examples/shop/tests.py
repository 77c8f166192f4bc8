from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core import mail
from django.core.exceptions import ValidationError
from django.test import TestCase
from django.utils import timezone

from by_kinds.shop_kinds import models as kinds
from countjobs.api import Execution, FunctionJob, JobDefinition
from countjobs.executors.here import run_here
from countjobs.functions.registry import registry
from shop import jobs
from shop.models import Cart, Customer, Order

A_MONTH_AGO = timezone.now() - timedelta(31)


class ShopTests(TestCase):
    def setUp(self) -> None:
        self.anna = Customer.objects.create(email="anna@old.example", wants_offers=True)
        self.ben = Customer.objects.create(email="ben@new.example", last_login=timezone.now())
        Cart.objects.create(customer=self.anna, changed_at=A_MONTH_AGO)
        Cart.objects.create(customer=self.ben, changed_at=timezone.now())
        self.unpaid = Order.objects.create(customer=self.ben, ordered_at=A_MONTH_AGO, total=20)
        self.paid = Order.objects.create(
            customer=self.ben, ordered_at=timezone.now(), total=30, is_paid=True
        )

    def run_job(self, definition: JobDefinition) -> Execution:
        definition.full_clean()
        definition.save()
        return run_here(type(definition).objects.get(pk=definition.pk), requested_by="")

    def by_function(self, function: Any, **arguments: Any) -> JobDefinition:
        return FunctionJob.of(function, name="a job", arguments=arguments)

    def test_each_function_is_registered(self) -> None:
        names = [each.name for each in registry.functions if each.name.startswith("shop.")]
        self.assertEqual(len(names), 8)
        self.assertEqual(getattr(registry.of(jobs.refund), "permission", ""), "shop.refund_order")

    def test_schedules_are_declared(self) -> None:
        found = {each.name: each for each in FunctionJob.objects.exclude(declaration=None)}
        carts = found["shop.jobs.delete_old_carts"]
        self.assertEqual((carts.hour, carts.minute, carts.enabled), ("3", "0", True))
        self.assertEqual(found["shop.jobs.remind_of_carts"].minute, "*/15")
        self.assertEqual(found["shop.jobs.remind_of_carts"].retries, 3)
        self.assertEqual(found["shop.jobs.cancel_unpaid_orders"].time_limit, 600)
        self.assertEqual(len(found), 3)

    def test_kinds_have_the_same_schedules(self) -> None:
        for name, kind in {
            "delete old carts": kinds.OldCarts,
            "remind of carts": kinds.CartReminder,
            "cancel unpaid orders": kinds.UnpaidOrders,
        }.items():
            declared = FunctionJob.objects.get(name=f"shop.jobs.{name.replace(' ', '_')}")
            made: Any = kind.objects.get(name=name)
            for field in ("hour", "minute", "second", "retries", "time_limit"):
                self.assertEqual(getattr(declared, field), getattr(made, field), (name, field))

    def test_old_carts_are_deleted(self) -> None:
        for job in (self.by_function(jobs.delete_old_carts), kinds.OldCarts(name="a job")):
            Cart.objects.create(customer=self.anna, changed_at=A_MONTH_AGO)
            run = self.run_job(job)
            self.assertEqual((run.status, Cart.objects.count()), ("succeeded", 1))
            self.assertRegex(run.output, "[12] carts deleted")

    def test_customers_are_reminded_of_carts_once(self) -> None:
        for job in (
            self.by_function(jobs.remind_of_carts, after=timedelta(7), subject="Come back"),
            kinds.CartReminder(name="a job", after=timedelta(7), subject="Come back"),
        ):
            mail.outbox.clear()
            Cart.objects.update(reminded=False)
            self.run_job(job)
            self.assertEqual([(m.subject, m.to) for m in mail.outbox], [("Come back", [MAIL])])
            run_here(job, requested_by="")
            self.assertEqual(len(mail.outbox), 1)

    def test_unpaid_orders_are_cancelled(self) -> None:
        for job in (
            self.by_function(jobs.cancel_unpaid_orders, keep_above=Decimal(100)),
            kinds.UnpaidOrders(name="a job", keep_above=Decimal(100)),
        ):
            Order.objects.update(status="new")
            self.assertEqual(self.run_job(job).output, "1 orders cancelled\n")
            self.unpaid.refresh_from_db()
            self.assertEqual(self.unpaid.status, "cancelled")

    def test_an_order_is_refunded(self) -> None:
        values: dict[str, Any] = {"order": self.paid, "amount": Decimal("9.50"), "reason": "late"}
        for job in (self.by_function(jobs.refund, **values), kinds.Refund(name="a job", **values)):
            self.assertEqual(self.run_job(job).status, "succeeded")
        self.paid.refresh_from_db()
        self.assertEqual((self.paid.refunded, len(mail.outbox)), (19, 2))

    def test_more_than_was_paid_is_not_refunded(self) -> None:
        values: dict[str, Any] = {"order": self.paid, "amount": Decimal(31)}
        for job in (self.by_function(jobs.refund, **values), kinds.Refund(name="a job", **values)):
            self.assertIn("More than 30.00 can't be refunded.", self.run_job(job).error)

    def test_sales_are_reported(self) -> None:
        to = ["boss@shop.example", "books@shop.example"]
        for job in (
            self.by_function(jobs.report_sales, to=to, period="day"),
            kinds.SalesReport(name="a job", to=to, period="day"),
        ):
            self.run_job(job)
            self.assertEqual((mail.outbox[-1].to, mail.outbox[-1].body), (to, "30.00"))

    def test_an_offer_reaches_its_audience(self) -> None:
        values = {"subject": "Sale", "text": "All for 1 €"}
        for job in (
            self.by_function(jobs.mail_offer, **values, audience=jobs.Audience.NEVER_LOGGED_IN),
            kinds.Offer(name="a job", **values, audience=kinds.Offer.Audience.NEVER_LOGGED_IN),
        ):
            mail.outbox.clear()
            self.run_job(job)
            self.assertEqual([each.to for each in mail.outbox], [[MAIL]])

    def test_addresses_are_moved(self) -> None:
        for job in (
            self.by_function(jobs.move_addresses, domains={"old.example": "new.example"}),
            kinds.AddressMove(name="a job", domains={"old.example": "new.example"}),
        ):
            Customer.objects.filter(pk=self.anna.pk).update(email=MAIL)
            self.run_job(job)
            self.anna.refresh_from_db()
            self.assertEqual(self.anna.email, "anna@new.example")

    def test_a_customer_with_orders_stays(self) -> None:
        for job in (
            self.by_function(jobs.delete_customer, customer=self.ben),
            kinds.CustomerRemoval(name="a job", customer=self.ben),
        ):
            self.assertIn("This customer has orders.", self.run_job(job).error)

    def test_a_customer_without_orders_is_deleted(self) -> None:
        self.run_job(self.by_function(jobs.delete_customer, customer=self.anna))
        self.assertFalse(Customer.objects.filter(pk=self.anna.pk).exists())

    def test_wrong_arguments_are_refused(self) -> None:
        with self.assertRaisesMessage(ValidationError, "days: "):
            self.by_function(jobs.delete_old_carts, days=0)
        with self.assertRaisesMessage(ValidationError, "to: "):
            self.by_function(jobs.report_sales, period="day")


MAIL = "anna@old.example"
