"""What tests listen to.

In:     nothing.
Out:    `template_rendered` (template, context), sent by template backends; `setting_changed`.
Never:  holds receivers of its own.
"""

from typing import Final

from penstock.web.core.signals import setting_changed
from penstock.web.dispatch import Signal

__all__ = ["setting_changed", "template_rendered"]

template_rendered: Final = Signal()
