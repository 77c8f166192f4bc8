"""Part of the banner: all jobs are held, by whom, since when, and why."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from countjobs.admin.display import moment
from countjobs.admin.links import Links
from countjobs.history.holding import current_hold
from countjobs.models import Hold
from countjobs.models.holds import MOST_REASON
from countjobs.text import visible, visible_text

_MOST_SHOWN = 200
"""How much of a reason is shown at once. The rest is folded, or the banner would fill a page."""


@dataclass(frozen=True)
class Held:
    """What one user is told."""

    since: SafeString
    """Since when, and by whom, in words."""
    reason: str
    beginning: str
    """Of a long reason; "" for a short one."""
    release_url: str
    """Where it is released; "" for users who may not."""


def tell_hold(links: Links) -> Held | None:
    """What to tell; None if jobs aren't held. One query."""
    hold = current_hold()
    if hold is None:
        return None
    reason = visible_text(hold.reason[:MOST_REASON])  # raw SQL's may be longer
    beginning = Truncator(reason).chars(_MOST_SHOWN)
    return Held(
        since=_since(hold),
        reason=reason,
        beginning="" if beginning == reason else beginning,
        release_url=links.to_hold(),
    )


def _since(hold: Hold) -> SafeString:
    when = moment(hold.held_at, get_current_timezone())
    if not hold.held_by:
        return format_html(_("Held since {when}:"), when=when)
    who = format_html("<bdi>{}</bdi>", visible(hold.held_by))
    return format_html(_("Held by {who} since {when}:"), who=who, when=when)
