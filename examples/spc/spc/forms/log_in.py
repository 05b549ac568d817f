"""Logging in: a name and a password."""

from wtforms import Form, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from spc.forms.text import storable


class LogInForm(Form):
    """Whether both belong to somebody is the view's to say: it speaks of both at once, never of one."""

    name = StringField(
        "Name",
        [InputRequired("Who are you?"), Length(max=50, message="At most 50 characters"), storable],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    # The limit keeps a password of megabytes from being hashed.
    password = PasswordField(
        "Password",
        [InputRequired("A password is needed"), Length(max=200, message="At most 200 characters")],
        render_kw={"autocomplete": "current-password"},
    )
