from django.db import models


class Customer(models.Model):
    email = models.EmailField()
    wants_offers = models.BooleanField(default=False)
    last_login = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.email


class Cart(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    changed_at = models.DateTimeField()
    reminded = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"cart {self.pk}"


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    ordered_at = models.DateTimeField()
    total = models.DecimalField(max_digits=9, decimal_places=2)
    refunded = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    is_paid = models.BooleanField(default=False)
    status = models.CharField(max_length=20, default="new")

    class Meta:
        permissions = [("refund_order", "Can refund orders")]

    def __str__(self) -> str:
        return f"order {self.pk}"
