"""Form fields of the app's models."""

from countjobs.forms.keytext import KeyTextFormField
from countjobs.forms.ordered import OrderedJSONFormField, is_too_deep
from countjobs.forms.rows import KeyTextRows

__all__ = ["KeyTextFormField", "KeyTextRows", "OrderedJSONFormField", "is_too_deep"]
