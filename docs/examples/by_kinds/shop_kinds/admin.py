from django.contrib import admin

from by_kinds.shop_kinds import models
from countjobs.admin import JobDefinitionAdmin

admin.site.register(
    [
        models.AddressMove,
        models.CartReminder,
        models.CustomerRemoval,
        models.Offer,
        models.OldCarts,
        models.Refund,
        models.SalesReport,
        models.UnpaidOrders,
    ],
    JobDefinitionAdmin,
)
