"""Logging in and out, and who may do what."""

from collections.abc import Callable

import pytest
from spc.account.password import hash_password, is_password
from spc.account.throttle import ADDRESS_FAILURES, PAIR_FAILURES

from penstock.web.conf import settings
from penstock.web.test import Client


def test_page_that_needs_a_log_in_leads_there_and_back(anybody: Client) -> None:
    answer = anybody.get("/charts/1/")
    assert answer.headers["Location"] == "/log-in/?next=%2Fcharts%2F1%2F"
    answer = anybody.post(answer.headers["Location"], {"name": "viewer", "password": "viewer"})
    assert answer.headers["Location"] == "/charts/1/"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "charts"],
    ids=["other-host", "no-scheme", "backslash", "script", "relative"],
)
def test_log_in_never_leads_off_the_site(anybody: Client, wanted: str) -> None:
    answer = anybody.post("/log-in/", {"name": "viewer", "password": "viewer"}, query_params={"next": wanted})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("viewer", "wrong", "Name and password do not belong together."),
        ("nobody", "viewer", "Name and password do not belong together."),
        ("' OR 1=1 --", "x", "Name and password do not belong together."),
        ("", "x", "Who are you?"),
        ("viewer", "", "A password is needed"),
        ("x" * 51, "x", "At most 50 characters"),
        ("a\0b", "x", "It has a character that cannot be stored"),
        ("viewer", "x" * 201, "At most 200 characters"),
    ],
    ids=["password", "name", "injection", "no-name", "no-password", "long-name", "nul", "long-password"],
)
def test_wrong_log_in_is_told_why_and_stays_out(
    anybody: Client, name: str, password: str, message: str
) -> None:
    answer = anybody.post("/log-in/", {"name": name, "password": password})
    assert message in answer.text
    assert anybody.get("/").status_code == 302


def test_session_key_is_another_one_after_the_log_in(anybody: Client) -> None:
    anybody.session.save()
    planted = anybody.cookies[settings.SESSION_COOKIE_NAME].value
    anybody.post("/log-in/", {"name": "engineer", "password": "engineer"})
    assert anybody.cookies[settings.SESSION_COOKIE_NAME].value != planted
    stranger = Client(HTTP_HOST="localhost")
    stranger.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert stranger.get("/").status_code == 302


def test_log_out_ends_the_session_wherever_its_key_is_known(viewer: Client) -> None:
    key = viewer.cookies[settings.SESSION_COOKIE_NAME].value
    viewer.post("/log-out/")
    thief = Client(HTTP_HOST="localhost")
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    assert thief.get("/").status_code == 302


def test_log_out_by_a_link_is_refused(viewer: Client) -> None:
    assert viewer.get("/log-out/").status_code == 405


def test_password_that_is_guessed_at_must_wait_even_if_it_is_right(anybody: Client) -> None:
    for _ in range(PAIR_FAILURES):
        anybody.post("/log-in/", {"name": "viewer", "password": "wrong"})
    answer = anybody.post("/log-in/", {"name": "viewer", "password": "viewer"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300


def test_guesses_from_one_address_lock_nobody_out_elsewhere(anybody: Client) -> None:
    for _ in range(PAIR_FAILURES):
        anybody.post("/log-in/", {"name": "viewer", "password": "wrong"})
    elsewhere = Client(HTTP_HOST="localhost", REMOTE_ADDR="192.0.2.1")
    assert elsewhere.post("/log-in/", {"name": "viewer", "password": "viewer"}).status_code == 302


def test_guesses_at_many_names_from_one_address_must_wait(anybody: Client) -> None:
    for number in range(ADDRESS_FAILURES):
        anybody.post("/log-in/", {"name": f"name{number}", "password": "wrong"})
    assert anybody.post("/log-in/", {"name": "viewer", "password": "viewer"}).status_code == 429


@pytest.mark.parametrize("path", ["/log-in/", "/log-out/", "/charts/1/rules/", "/alarms/1/", "/imports/"])
def test_form_of_another_site_is_refused(log_in: Callable[..., Client], path: str) -> None:
    browser = log_in("engineer")
    browser.handler.enforce_csrf_checks = True
    assert browser.post(path, {"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/charts/1/rules/"),
        ("post", "/charts/1/rules/1/revert/"),
        ("post", "/charts/1/limits/"),
        ("get", "/alarms/1/"),
        ("post", "/alarms/1/"),
        ("post", "/imports/"),
        ("post", "/api/v1/alarms/1/acknowledge/"),
    ],
)
def test_viewer_may_look_and_change_nothing(viewer: Client, method: str, path: str) -> None:
    assert getattr(viewer, method)(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/", "/charts/1/", "/charts/1/points.json", "/charts/1/chart.svg", "/charts/1/table/",
     "/charts/1/rules/", "/charts/1/limits/", "/charts/1/measurements.csv",
     "/alarms/", "/alarms/1/", "/imports/", "/api/"],
)  # fmt: skip
def test_nobody_sees_a_page_without_a_log_in(anybody: Client, path: str) -> None:
    assert anybody.get(path).status_code == 302


@pytest.mark.parametrize("path", ["tools/", "charts/1/", "alarms/", "parameters/1/subgroups/1/"])
def test_api_answers_401_without_a_log_in(anybody: Client, path: str) -> None:
    answer = anybody.get(f"/api/v1/{path}")
    told = "nobody has logged in; expected Authorization: Bearer and a token, or a session"
    assert (answer.status_code, answer.json()) == (401, {"error": told})


def test_password_is_stored_as_a_salted_argon2id_hash_and_verified() -> None:
    stored = hash_password("secret")
    assert stored.startswith("$argon2id$")
    assert stored != hash_password("secret")
    assert is_password("secret", stored)
    assert not is_password("Secret", stored)


@pytest.mark.parametrize("stored", [None, "", "!", "$argon2id$broken"])
def test_no_password_belongs_to_a_hash_that_is_none(stored: str | None) -> None:
    assert not is_password("", stored)
