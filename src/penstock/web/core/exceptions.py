"""The exceptions that views, middleware and the handler exchange.

A view says what is wrong with a request by raising; the handler turns the type into a status.  So the tree
below is also the table of whose fault it was.

    Exception
     |- SuspiciousOperation          the client's, and worth a line in the security log: 400
     |   |- DisallowedHost, DisallowedRedirect, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
     |   `- SuspiciousMultipartForm, SuspiciousFileOperation
     |- BadRequest                   the client's: 400
     |- PermissionDenied             the client's: 403
     |- RequestAborted               nobody is left to answer
     |- ImproperlyConfigured, ViewDoesNotExist, AppRegistryNotReady      the program's: 500
     |- MiddlewareNotUsed            nobody's: the middleware leaves itself out
     |- SynchronousOnlyOperation     the program's: a blocking call in an event loop
     `- ObjectDoesNotExist, MultipleObjectsReturned, FieldError, FieldDoesNotExist, ValidationError ...
                                     the application's own business

In:     what went wrong, in the raiser's words.
Out:    classes; `ValidationError` also collects messages by field.
Never:  formats a response or logs (handlers/exception.py does both).

Rules:  names and statuses are Django's.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

NON_FIELD_ERRORS: Final = "__all__"


class FieldDoesNotExist(Exception):
    """The named field is not there."""


class AppRegistryNotReady(Exception):
    """Something was asked of the applications before `setup()` ran."""


class ObjectDoesNotExist(Exception):
    """A look-up for one object found none."""

    silent_variable_failure = True


class MultipleObjectsReturned(Exception):
    """A look-up for one object found several."""


class SuspiciousOperation(Exception):
    """The client did something that no honest client does: status 400, logged under the class's own name."""


class SuspiciousMultipartForm(SuspiciousOperation):
    """A multipart body tries to make its parser work for nothing."""


class SuspiciousFileOperation(SuspiciousOperation):
    """A file name would leave the folder that it belongs to."""


class DisallowedHost(SuspiciousOperation):
    """The request's host is malformed or not in ALLOWED_HOSTS."""


class DisallowedRedirect(SuspiciousOperation):
    """A redirect's target is too long, or its scheme is not one that may be redirected to."""


class TooManyFieldsSent(SuspiciousOperation):
    """A query or a form has more than DATA_UPLOAD_MAX_NUMBER_FIELDS fields."""


class TooManyFilesSent(SuspiciousOperation):
    """A form has more than DATA_UPLOAD_MAX_NUMBER_FILES files."""


class RequestDataTooBig(SuspiciousOperation):
    """A body without its files is larger than DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""


class RequestAborted(Exception):
    """The client went away before its request was read."""


class BadRequest(Exception):
    """The request is malformed and cannot be answered: status 400."""


class PermissionDenied(Exception):
    """This client may not do that: status 403."""


class ViewDoesNotExist(Exception):
    """A view that was named as a dotted path is not there."""


class MiddlewareNotUsed(Exception):
    """Raised by a middleware's constructor to be left out of the chain."""


class ImproperlyConfigured(Exception):
    """The settings or the URLconf cannot work as they are."""


class FieldError(Exception):
    """A field was used in a way it does not allow."""


class EmptyResultSet(Exception):
    """A query is known to give nothing."""


class FullResultSet(Exception):
    """A query is known to give everything."""


class SynchronousOnlyOperation(Exception):
    """Blocking code was called from a thread that runs an event loop."""


Message: TypeAlias = "str | ValidationError | Sequence[Message] | Mapping[str, Message]"


class ValidationError(Exception):
    """One message, a list of errors, or errors by field.

    Which of the three it is shows in its attributes, as with Django:
    `message, code, params` and `error_list` (of itself); `error_list`; `error_dict`.
    """

    message: str
    code: str | None
    params: Mapping[str, Any] | None
    error_list: "list[ValidationError]"
    error_dict: "dict[str, list[ValidationError]]"

    def __init__(
        self, message: Any, code: str | None = None, params: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, code, params)
        if isinstance(message, ValidationError):
            message, code, params = _unwrapped(message, code, params)
        if isinstance(message, Mapping):
            self.error_dict = {field: _as_error(item).error_list for field, item in message.items()}
        elif isinstance(message, list | tuple):
            self.error_list = [leaf for item in message for leaf in _leaves(_as_error(item))]
        else:
            self.message, self.code, self.params = message, code, params
            self.error_list = [self]

    @property
    def message_dict(self) -> dict[str, list[str]]:
        """Messages by field.

        Raises:
            AttributeError: the error has no fields.
        """
        return {field: _texts(errors) for field, errors in self.error_dict.items()}

    @property
    def messages(self) -> list[str]:
        """All messages, fields in their order."""
        if hasattr(self, "error_dict"):
            return [text for errors in self.error_dict.values() for text in _texts(errors)]
        return _texts(self.error_list)

    def update_error_dict(self, error_dict: "dict[str, list[ValidationError]]") -> Any:
        """Add these errors to a dict by field and return it; what has no field goes to NON_FIELD_ERRORS."""
        own = self.error_dict if hasattr(self, "error_dict") else {NON_FIELD_ERRORS: self.error_list}
        for field, errors in own.items():
            error_dict.setdefault(field, []).extend(errors)
        return error_dict

    def __iter__(self) -> Iterator[Any]:
        if hasattr(self, "error_dict"):
            yield from self.message_dict.items()
        else:
            yield from self.messages

    def __str__(self) -> str:
        return repr(dict(self) if hasattr(self, "error_dict") else list(self))

    def __repr__(self) -> str:
        return f"ValidationError({self})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValidationError):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> Hashable:
        """What two equal errors share: the order of fields, of a list and of params does not count."""
        if hasattr(self, "message"):
            return self.message, self.code, _hashable(self.params)
        if hasattr(self, "error_dict"):
            return frozenset((field, _bag(errors)) for field, errors in self.error_dict.items())
        return _bag(self.error_list)


def _unwrapped(
    error: ValidationError, code: str | None, params: Mapping[str, Any] | None
) -> tuple[Any, str | None, Mapping[str, Any] | None]:
    if hasattr(error, "error_dict"):
        return error.error_dict, code, params
    if hasattr(error, "message"):
        return error.message, error.code, error.params
    return error.error_list, code, params


def _as_error(item: Any) -> ValidationError:
    return item if isinstance(item, ValidationError) else ValidationError(item)


def _leaves(error: ValidationError) -> list[ValidationError]:
    if hasattr(error, "error_dict"):
        return [leaf for errors in error.error_dict.values() for leaf in errors]
    return error.error_list


def _texts(errors: Sequence[ValidationError]) -> list[str]:
    return [str(error.message % error.params if error.params else error.message) for error in errors]


def _bag(errors: Sequence[ValidationError]) -> Hashable:
    return frozenset(Counter(error._identity() for error in errors).items())


def _hashable(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(_hashable(item) for item in value)
    return value if isinstance(value, Hashable) else repr(value)
