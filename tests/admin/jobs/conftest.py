"""The functions of a shop, for the tests of the page “Jobs”."""

from tests.support.shop_functions import shop

__all__ = ["shop"]
