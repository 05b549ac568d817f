"""What a validator says of a value, in words that are the same for Django's and for ours."""

import django.core.exceptions as theirs

from penstock.web.core import exceptions as ours


def verdict(validator, value):
    """True, the error's code with the names and values of its parameters, or another exception's name."""
    try:
        validator(value)
    except (ours.ValidationError, theirs.ValidationError) as error:
        return error.code, dict(error.params)
    except Exception as error:  # noqa: BLE001  # what else is raised is compared, too
        return type(error).__name__
    return True
