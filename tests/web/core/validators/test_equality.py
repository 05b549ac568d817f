"""core/validators/equality.py."""

import re

import pytest

from penstock.web.core import validators

PAIRS = [
    pytest.param(
        lambda: validators.RegexValidator("a"), lambda: validators.RegexValidator("b"), id="pattern"
    ),
    pytest.param(
        lambda: validators.RegexValidator(re.compile("a")),
        lambda: validators.RegexValidator(re.compile("a", re.IGNORECASE)),
        id="flags",
    ),
    pytest.param(
        lambda: validators.MaxValueValidator(1), lambda: validators.MinValueValidator(1), id="class"
    ),
    pytest.param(
        lambda: validators.DecimalValidator(1, 2), lambda: validators.DecimalValidator(2, 1), id="digits"
    ),
    pytest.param(
        lambda: validators.FileExtensionValidator(["A"]),
        lambda: validators.FileExtensionValidator(["b"]),
        id="file",
    ),
    pytest.param(validators.EmailValidator, lambda: validators.EmailValidator(message="mine"), id="message"),
    pytest.param(
        validators.DomainNameValidator, lambda: validators.DomainNameValidator(accept_idna=False), id="idna"
    ),
    pytest.param(validators.ProhibitNullCharactersValidator, lambda: "another type", id="type"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_validators_that_judge_equally_are_equal(one, other):
    assert one() == one()
    assert one() != other()
