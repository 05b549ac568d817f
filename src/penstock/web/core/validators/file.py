"""Files by the end of their name.

In:     an uploaded file, or anything with a `name`.
Out:    None, or ValidationError.
Never:  looks into the file: a name proves nothing.
Rules:  Django's names and verdicts.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from penstock.web.core.exceptions import ValidationError
from penstock.web.core.validators.equality import EqualByValue


class FileExtensionValidator(EqualByValue):
    """Passes a file whose name ends in one of `allowed_extensions`, without a dot; None allows all."""

    message: Any = "file ends in “%(extension)s”; expected one of: %(allowed_extensions)s"
    code: str = "invalid_extension"

    def __init__(
        self,
        allowed_extensions: Collection[str] | None = None,
        message: Any = None,
        code: str | None = None,
    ) -> None:
        allowed = allowed_extensions
        self.allowed_extensions = None if allowed is None else [each.lower() for each in allowed]
        self.message = message or self.message
        self.code = code or self.code

    def __call__(self, value: Any) -> None:
        """Pass, or raise ValidationError."""
        extension = Path(value.name).suffix[1:].lower()
        if self.allowed_extensions is None or extension in self.allowed_extensions:
            return
        shown = ", ".join(self.allowed_extensions)
        params = {"extension": extension, "allowed_extensions": shown, "value": value}
        raise ValidationError(self.message, code=self.code, params=params)


def get_available_image_extensions() -> list[str]:
    """Return the extensions that Pillow reads; none if it is not installed."""
    try:
        from PIL import Image  # type: ignore[import-not-found]  # not ours to install
    except ImportError:
        return []
    Image.init()
    return [each.lower().removeprefix(".") for each in Image.EXTENSION]


def validate_image_file_extension(value: Any) -> None:
    """Pass a file that Pillow would take for an image, by its name."""
    FileExtensionValidator(get_available_image_extensions())(value)
