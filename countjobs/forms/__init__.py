"""Form fields of the app's models."""

from countjobs.forms.keytext import KeyTextFormField
from countjobs.forms.moments import MomentField
from countjobs.forms.ordered import MOST_LEVELS, OrderedJSONFormField, is_too_deep
from countjobs.forms.rows import KeyTextRows

__all__ = [
    "MOST_LEVELS",
    "KeyTextFormField",
    "KeyTextRows",
    "MomentField",
    "OrderedJSONFormField",
    "is_too_deep",
]
