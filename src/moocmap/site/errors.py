"""What can go wrong between the data and the finished site."""

from __future__ import annotations

from moocmap.diagnostics import UsableError


class SiteError(UsableError):
    """The site could not be built; the message says what was found, where, and how to mend it."""
