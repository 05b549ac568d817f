"""Is this a number in its limits, an e-mail address, a URL? What does not pass is a ValidationError.

In:     one value: of a query string, a form, JSON.
Out:    None, or a ValidationError with Django's `code` and `params`.
Never:  changes a value; asks another machine.
Rules:  Django's names and verdicts; the messages are ours.
"""

from penstock.web.core.exceptions import ValidationError
from penstock.web.core.validators.address import (
    DomainNameValidator,
    EmailValidator,
    URLValidator,
    ip_address_validators,
    validate_domain_name,
    validate_email,
    validate_ipv4_address,
    validate_ipv6_address,
    validate_ipv46_address,
)
from penstock.web.core.validators.file import (
    FileExtensionValidator,
    get_available_image_extensions,
    validate_image_file_extension,
)
from penstock.web.core.validators.limit import (
    BaseValidator,
    DecimalValidator,
    MaxLengthValidator,
    MaxValueValidator,
    MinLengthValidator,
    MinValueValidator,
    StepValueValidator,
)
from penstock.web.core.validators.text import (
    EMPTY_VALUES,
    ProhibitNullCharactersValidator,
    RegexValidator,
    int_list_validator,
    validate_comma_separated_integer_list,
    validate_integer,
    validate_slug,
    validate_unicode_slug,
)

__all__ = (
    "EMPTY_VALUES",
    "BaseValidator",
    "DecimalValidator",
    "DomainNameValidator",
    "EmailValidator",
    "FileExtensionValidator",
    "MaxLengthValidator",
    "MaxValueValidator",
    "MinLengthValidator",
    "MinValueValidator",
    "ProhibitNullCharactersValidator",
    "RegexValidator",
    "StepValueValidator",
    "URLValidator",
    "ValidationError",
    "get_available_image_extensions",
    "int_list_validator",
    "ip_address_validators",
    "validate_comma_separated_integer_list",
    "validate_domain_name",
    "validate_email",
    "validate_image_file_extension",
    "validate_integer",
    "validate_ipv4_address",
    "validate_ipv6_address",
    "validate_ipv46_address",
    "validate_slug",
    "validate_unicode_slug",
)
