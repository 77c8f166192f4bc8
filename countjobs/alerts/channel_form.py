"""The form of a channel. What is secret goes in, and never comes out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from countjobs.alerts.events import EVENTS
from countjobs.alerts.models import AlertChannel
from countjobs.alerts.sending.senders import senders
from countjobs.models.kinds import concrete_definitions, groups_of

_MOST_GROUPS_SHOWN = 20


class LinesField(forms.CharField):
    """A list of words, one in each line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 40})

    def prepare_value(self, value: Any) -> Any:
        """The lines, of a stored list."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The list, of lines."""
        lines = (super().to_python(value) or "").splitlines()
        return list(dict.fromkeys(filter(None, map(str.strip, lines))))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the lists differ."""
        return bool(not self.disabled and (initial or []) != self.to_python(data))


if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[AlertChannel]
else:
    AnyModelForm = forms.ModelForm


class ChannelForm(AnyModelForm):
    """The form of a channel."""

    target = forms.CharField(
        label=capfirst(_("target")),
        strip=True,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60, "autocomplete": "off"}),
    )
    key = forms.CharField(
        label=capfirst(_("key")),
        required=False,
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 40}),
        help_text=_(
            "For webhooks: each message is signed with it, so that the receiver knows where it is"
            " from. It isn't shown again."
        ),
    )
    no_key = forms.BooleanField(label=capfirst(_("forget the key")), required=False)
    events = forms.MultipleChoiceField(
        label=capfirst(_("events")),
        required=False,
        choices=[(event.value, event.label) for event in EVENTS],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all of them."),
    )
    groups = LinesField(label=capfirst(_("groups")), required=False)

    class Meta:
        model = AlertChannel
        fields = ("name", "enabled", "kind", "target", "key", "events", "groups")

    _keeps_target = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_there = self.instance.pk is not None
        said = gettext(
            "For mail: addresses, with commas between. For a webhook: its URL. For Apprise: one of"
            " its URLs. It isn't shown again."
        )
        if is_there:
            kept = gettext("Leave it empty to keep the present one: %(hint)s")
            said = f"{said} {kept % {'hint': self.instance.hint}}"
            self._was = (self.instance.target, self.instance.key, self.instance.kind)
        target = self.fields["target"]
        target.help_text, target.required = said, not is_there
        self.initial["target"] = self.initial["key"] = ""
        if "kind" in self.fields:  # else nothing can be changed
            known = {*senders(), self.instance.kind} if is_there else {*senders()}
            kind = cast("forms.ChoiceField", self.fields["kind"])
            kind.choices = [each for each in AlertChannel.Kind.choices if each[0] in known]
        if not (is_there and self.instance.key):
            del self.fields["no_key"]
        elif is_there:
            self.fields["key"].help_text = gettext("It has a key. Leave it empty to keep it.")
        groups = groups_of(concrete_definitions())
        there = ", ".join(groups[:_MOST_GROUPS_SHOWN])
        help_text = gettext("Only jobs of these groups, one in each line. Empty: all jobs.")
        if there:
            help_text += " " + gettext("There are: %(groups)s.") % {"groups": there}
        self.fields["groups"].help_text = help_text

    @sensitive_variables()
    def clean(self) -> dict[str, Any] | None:
        """Keep what was left empty. Another kind needs a target of its own."""
        data = super().clean()
        if data is None or self.instance.pk is None:
            return data
        target, key, kind = self._was
        if not data.get("target") and "target" not in self.errors:
            if data.get("kind", kind) != kind:
                self.add_error("target", _("Enter where messages of this kind go."))
                data["target"] = ""  # an error of the stored one would quote it
            else:
                self._keeps_target = True
                data["target"] = target
        if data.get("no_key") or data.get("kind", kind) != AlertChannel.Kind.WEBHOOK:
            data["key"] = data.get("key") or ""
        elif not data.get("key"):
            data["key"] = key
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own
        if self._keeps_target and "target" in self.errors:  # the text might quote what is stored
            del self.errors["target"]
            self.add_error("target", _("What is stored isn't allowed any more. Enter another one."))
