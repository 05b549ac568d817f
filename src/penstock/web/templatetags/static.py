"""`static`, where environments written for Django import it from.

In:     nothing.
Out:    `static`.
Never:  holds code of its own (template/address.py).
"""

from penstock.web.template.address import static

__all__ = ("static",)
