"""Making a token: what it is for."""

from wtforms import Form, StringField
from wtforms.validators import DataRequired, Length

from spc.forms.text import storable


class TokenForm(Form):
    """A name, by which its owner knows later which one to revoke."""

    name = StringField(
        "What is it for?",
        [DataRequired("Needed"), Length(max=50, message="At most 50 characters"), storable],
        render_kw={"autocomplete": "off"},
    )
