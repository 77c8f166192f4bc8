"""The register of the functions' tests, and its functions."""

from tests.support.isolated_registry import isolated_registry
from tests.support.shop_functions import shop

__all__ = ["isolated_registry", "shop"]
