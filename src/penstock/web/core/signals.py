"""The signals of a request's life and of the settings.

In:     nothing.
Out:    `request_started` (environ), `request_finished` (), `got_request_exception` (request),
        `setting_changed` (setting, value, enter).
Never:  sends them: handlers, responses and whoever overrides settings do.
"""

from typing import Final

from penstock.web.dispatch import Signal

request_started: Final = Signal()
request_finished: Final = Signal()
got_request_exception: Final = Signal()
setting_changed: Final = Signal()
