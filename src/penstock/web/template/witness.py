"""Tells the tests what is rendered.

In:     a template, and what it is rendered with.
Out:    the signal `template_rendered`, if somebody listens.
Never:  imports the test client: outside of tests nobody has, and nothing is to be told.

Rules:  Django's instrumented templates; its built-in pages are templates as well, without a name.
"""

import sys
from typing import Any


def is_anybody_told() -> bool:
    """Tell whether somebody listens."""
    signals = sys.modules.get("penstock.web.test.signals")
    return signals is not None and bool(signals.template_rendered.receivers)


def tell_of_rendering(template: Any, context: dict[str, Any]) -> None:
    """Send the signal; `template` has a `name`, None for a built-in page."""
    if is_anybody_told():
        signals = sys.modules["penstock.web.test.signals"]
        signals.template_rendered.send(sender=template, template=template, context=context)
