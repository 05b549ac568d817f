"""Tokens of the API: made once, shown once, theirs who made them, and no substitute for a log-in."""

import json
import re

import pytest
from spc.account.token import MAX_TOKENS, make_token
from spc.models import ApiToken, User
from spc.people import shut_out
from sqlalchemy import select

from penstock.web import db
from penstock.web.core.files.uploadedfile import SimpleUploadedFile
from penstock.web.db import transaction
from penstock.web.test import Client


def made_by(client: Client, name: str = "night job") -> str:
    (token,) = re.findall(
        '<pre class="token">(spc_[^<]{43})</pre>', client.post("/api/tokens/", {"name": name}).text
    )
    return token


def program(token: str, scheme: str = "Bearer") -> Client:
    """A client without a log-in, that is asked for a CSRF token wherever a browser is."""
    return Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"{scheme} {token}", enforce_csrf_checks=True)


def test_token_is_its_users_on_every_path_and_may_change_what_they_may(engineer: Client) -> None:
    script = program(made_by(engineer))
    assert script.get("/api/v1/tools/").json()["items"][0]["name"] == "FUR-01"
    assert script.get("/charts/1/points.json").status_code == 200
    body = json.dumps({"note": "cleaned"})
    answer = script.post("/api/v1/alarms/1/acknowledge/", body, content_type="application/json")
    assert answer.json()["acknowledged_by"] == "engineer"


def test_token_of_a_viewer_changes_nothing(viewer: Client) -> None:
    answer = program(made_by(viewer), "bearer").post("/api/v1/alarms/1/acknowledge/")
    assert answer.status_code == 403


def test_token_is_shown_once_and_kept_as_a_digest(engineer: Client) -> None:
    token = made_by(engineer)
    assert token not in engineer.get("/api/tokens/").text
    kept = db.session().scalar(select(ApiToken))
    assert (kept.name, len(kept.digest)) == ("night job", 64)
    assert token not in repr(vars(kept))


@pytest.mark.parametrize("path", ["/api/v1/tools/", "/charts/1/points.json", "/"])
@pytest.mark.parametrize("token", ["", "spc_wrong", "spc_\xff", "x" * 5000])
def test_wrong_token_is_a_401_even_where_somebody_has_logged_in(
    engineer: Client, path: str, token: str
) -> None:
    answer = engineer.get(path, HTTP_AUTHORIZATION=f"Bearer {token}")
    assert (answer.status_code, answer.json()) == (401, {"error": "the token is not in force"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_other_scheme_is_none_of_a_tokens_business(engineer: Client) -> None:
    assert engineer.get("/", HTTP_AUTHORIZATION="Basic eDp5").status_code == 200


def test_revoked_token_is_one_no_more(engineer: Client) -> None:
    script = program(made_by(engineer))
    assert engineer.post("/api/tokens/1/revoke/").status_code == 302
    assert script.get("/api/v1/tools/").status_code == 401


def test_token_that_was_being_made_while_its_user_was_shut_out_is_none(engineer: Client) -> None:
    asked = db.session().scalar(select(User).where(User.name == "engineer"))
    with transaction.atomic():
        shut_out("engineer")
    with transaction.atomic():
        token = make_token(asked.id, "a moment too late")
    assert program(token).get("/api/v1/tools/").status_code == 401


def test_token_of_somebody_else_cannot_be_revoked(engineer: Client, viewer: Client) -> None:
    script = program(made_by(engineer))
    assert "night job" not in viewer.get("/api/tokens/").text
    assert viewer.post("/api/tokens/1/revoke/").status_code == 404
    assert viewer.post(f"/api/tokens/{10**30}/revoke/").status_code == 404
    assert script.get("/api/v1/tools/").status_code == 200


def test_token_makes_and_revokes_no_tokens(engineer: Client) -> None:
    script = program(made_by(engineer))
    assert script.get("/api/tokens/").status_code == 403
    assert script.post("/api/tokens/", {"name": "more"}).status_code == 403
    assert script.post("/api/tokens/1/revoke/").status_code == 403
    assert script.get("/api/v1/tools/").status_code == 200


def test_tokens_are_made_by_a_form_of_this_site_alone(engineer: Client) -> None:
    engineer.handler.enforce_csrf_checks = True
    assert engineer.post("/api/tokens/", {"name": "forged"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "Needed"), ("  ", "Needed"), ("x" * 51, "At most 50 characters"), ("a\0b", "cannot be stored")],
    ids=["empty", "blank", "long", "nul"],
)
def test_name_that_is_none_is_told_at_the_field(engineer: Client, name: str, message: str) -> None:
    answer = engineer.post("/api/tokens/", {"name": name})
    assert message in answer.text
    assert "spc_" not in answer.text


def test_tokens_come_to_an_end(engineer: Client) -> None:
    for _ in range(MAX_TOKENS):
        made_by(engineer)
    answer = engineer.post("/api/tokens/", {"name": "one more"})
    assert f"Not made: {MAX_TOKENS} tokens; expected one to be revoked first." in answer.text


def test_file_is_imported_by_a_program(engineer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    monkeypatch.setattr("spc.imports.start.start_import", started.append)
    script = program(made_by(engineer))
    answer = script.post("/api/v1/imports/", {"file": SimpleUploadedFile("m.csv", b"tool\n")})
    assert (answer.status_code, answer.headers["Location"], started) == (202, "/api/v1/imports/1/", [1])
    assert script.get("/api/v1/imports/1/").json() == answer.json()
    assert (answer.json()["file_name"], answer.json()["state"]) == ("m.csv", "waiting")
    assert script.post("/api/v1/imports/", {}).json() == {"error": "Choose a file"}
    assert script.get("/api/v1/imports/2/").status_code == 404
