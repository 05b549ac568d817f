import pytest

from penstock.protocol import errors

STATUSES = {
    errors.BadLineEndError: 400,
    errors.BadRequestLineError: 400,
    errors.BadTargetError: 400,
    errors.BadFieldError: 400,
    errors.BadHostError: 400,
    errors.BadFramingError: 400,
    errors.BadChunkError: 400,
    errors.TruncatedHeadError: 400,
    errors.TruncatedBodyError: 400,
    errors.RequestTimeoutError: 408,
    errors.LengthRequiredError: 411,
    errors.BodyTooLargeError: 413,
    errors.UriTooLongError: 414,
    errors.ExpectationError: 417,
    errors.HeaderTooLargeError: 431,
    errors.UnsupportedMethodError: 501,
    errors.UnsupportedCodingError: 501,
    errors.VersionError: 505,
}


def test_every_fault_of_the_peer_is_in_the_table() -> None:
    assert set(errors.PeerError.__subclasses__()) == set(STATUSES)


@pytest.mark.parametrize(
    ("error", "status"), STATUSES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_a_fault_carries_its_status(error: type[errors.PeerError], status: int) -> None:
    assert error.status == status


def test_only_a_cut_body_is_not_worth_an_answer() -> None:
    assert [error for error in STATUSES if not error.answerable] == [errors.TruncatedBodyError]


def test_the_tree_in_the_header_names_every_fault() -> None:
    assert [error.__name__ for error in STATUSES if error.__name__ not in (errors.__doc__ or "")] == []


def test_a_fault_of_the_application_is_none_of_the_peer() -> None:
    assert not issubclass(errors.BadResponseError, errors.PeerError)
