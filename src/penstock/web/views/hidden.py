"""What an error report must not show: settings that are secrets, cookies, marked variables and fields.

In:     settings, a request, frames of a traceback.
Out:    the same, with stars in place of what is hidden.
Never:  lets a value through because it could not be read: then its type is shown, or nothing.

Rules:  Django's `SafeExceptionReporterFilter`: names that sound secret are hidden always; what the
        decorators of decorators/debug.py mark is hidden unless DEBUG, where the reader is the developer.
"""

import functools
import re
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from penstock.web.conf import settings
from penstock.web.http import RawPostDataException, UnreadablePostError
from penstock.web.utils.datastructures import MultiValueDict
from penstock.web.utils.module_loading import import_string
from penstock.web.views.decorators.debug import HIDE_ALL, hidden_variables

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest

STARS: Final = "*" * 20


class CallableSettingWrapper:
    """Keeps a page from calling a setting that may be called."""

    def __init__(self, callable_setting: Any) -> None:
        self._wrapped = callable_setting

    def __repr__(self) -> str:
        return repr(self._wrapped)


class SafeExceptionReporterFilter:
    """The filter; DEFAULT_EXCEPTION_REPORTER_FILTER may name a subclass."""

    cleansed_substitute: ClassVar[str] = STARS
    hidden_settings: ClassVar[re.Pattern[str]] = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE", re.IGNORECASE
    )

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """Return `value`, or stars if its name sounds secret; what it contains is looked into as well."""
        if isinstance(key, str) and self.hidden_settings.search(key):
            return self.cleansed_substitute
        if isinstance(value, dict):
            return {name: self.cleanse_setting(name, each) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            cleansed = [self.cleanse_setting("", each) for each in value]
            return cleansed if isinstance(value, list) else tuple(cleansed)
        return CallableSettingWrapper(value) if callable(value) else value

    def get_safe_settings(self) -> dict[str, Any]:
        """Return all settings."""
        names = sorted(name for name in dir(settings) if name.isupper())
        return {name: self.cleanse_setting(name, getattr(settings, name)) for name in names}

    def get_safe_request_meta(self, request: "HttpRequest | None") -> dict[str, Any]:
        """Return the environ of a request."""
        return {
            name: self.cleanse_setting(name, value) for name, value in getattr(request, "META", {}).items()
        }

    def get_safe_cookies(self, request: "HttpRequest | None") -> dict[str, Any]:
        """Return the cookies of a request; that of the session is one of the secrets."""
        cookies = getattr(request, "COOKIES", {}).items()
        own = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
        return {
            name: self.cleansed_substitute if name in own else self.cleanse_setting(name, value)
            for name, value in cookies
        }

    def is_active(self, request: "HttpRequest | None") -> bool:  # noqa: ARG002 - a subclass may look at it
        """Tell whether marked variables and fields are hidden."""
        return not settings.DEBUG

    def get_cleansed_multivaluedict(self, request: "HttpRequest | None", multivaluedict: Any) -> Any:
        """Return fields of a form, those hidden that the view has marked."""
        marked = getattr(request, "sensitive_post_parameters", ())
        if not marked or not self.is_active(request):
            return multivaluedict
        hidden = (
            list(multivaluedict)
            if marked == HIDE_ALL
            else [name for name in marked if name in multivaluedict]
        )
        cleansed = multivaluedict.copy()
        for name in hidden:
            cleansed[name] = self.cleansed_substitute
        return cleansed

    def get_post_parameters(self, request: "HttpRequest | None") -> Any:
        """Return POST; nothing of a body that cannot be read any more."""
        if request is None:
            return {}
        try:
            return self.get_cleansed_multivaluedict(request, request.POST)
        except (RawPostDataException, UnreadablePostError):
            return {}

    def cleanse_special_types(self, request: "HttpRequest | None", value: Any) -> Any:
        """Return `value`; of fields of a form without what is hidden."""
        try:
            is_form = isinstance(value, MultiValueDict)
        except Exception as error:  # noqa: BLE001 - a lazy object may fail when asked for its class
            return f"{error!r} while evaluating {type(value)!r}"
        return self.get_cleansed_multivaluedict(request, value) if is_form else value

    def get_traceback_frame_variables(
        self, request: "HttpRequest | None", tb_frame: FrameType
    ) -> list[tuple[str, Any]]:
        """Return names and values of the variables of a frame."""
        variables = [
            (name, value) for name, value in tb_frame.f_locals.items() if name != "__traceback_hide__"
        ]
        hidden = _marked(tb_frame) if self.is_active(request) else ()
        return [
            (
                name,
                self.cleansed_substitute
                if hidden == HIDE_ALL or name in hidden
                else self.cleanse_special_types(request, value),
            )
            for name, value in variables
        ]


def _marked(frame: FrameType) -> str | tuple[str, ...]:
    """Return what the innermost marked function hides that `frame` is of, or is called by."""
    current: FrameType | None = frame
    while current is not None:
        names = hidden_variables(current.f_code)
        if names:
            return names
        current = current.f_back
    return ()


@functools.lru_cache(maxsize=4)
def _filter_of(path: str) -> Any:
    return import_string(path)()


def get_default_exception_reporter_filter() -> Any:
    """Return the filter that DEFAULT_EXCEPTION_REPORTER_FILTER names."""
    return _filter_of(settings.DEFAULT_EXCEPTION_REPORTER_FILTER)


def get_exception_reporter_filter(request: "HttpRequest | None") -> Any:
    """Return the filter that a request brings, or the default."""
    return getattr(request, "exception_reporter_filter", None) or get_default_exception_reporter_filter()
