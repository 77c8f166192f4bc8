"""Form fields of the app's models."""

from countjobs.forms.interval_input import IntervalFormField, IntervalInput
from countjobs.forms.key_text_rows import KeyTextRows
from countjobs.forms.keytext import KeyTextFormField
from countjobs.forms.moments import MomentField
from countjobs.forms.ordered import MOST_LEVELS, OrderedJSONFormField, is_too_deep
from countjobs.forms.settling import Settling

__all__ = [
    "MOST_LEVELS",
    "IntervalFormField",
    "IntervalInput",
    "KeyTextFormField",
    "KeyTextRows",
    "MomentField",
    "OrderedJSONFormField",
    "Settling",
    "is_too_deep",
]
