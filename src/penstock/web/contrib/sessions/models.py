"""The table of sessions, as Django has it: both can read it side by side.

In:     nothing.
Out:    `Session`.
Never:  looks into what is kept.
Rules:  Django's names of table and columns.
"""

import datetime as dt

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from penstock.web.db import Model


class Session(Model):
    """One session: its key, its signed values, its end."""

    __tablename__ = "django_session"

    session_key: Mapped[str] = mapped_column(String(40), primary_key=True)
    session_data: Mapped[str] = mapped_column(Text)
    expire_date: Mapped[dt.datetime] = mapped_column(index=True)
