"""Tokens of the API: what a program shows instead of a log-in.

In:     the Authorization field of a request; a user who wants a token.
Out:    the user that a token belongs to; a new token, once.
Never:  stores a token: its digest is enough to know it again.  A token is 256 random bits, which nobody
        guesses, so that a quick hash will do where a password needs a slow one (password.py).

Rules:  RFC 6750 section 2.1.
"""

import hashlib
import secrets

from sqlalchemy import delete, select

from penstock.web import db
from spc.account.password import SHUT
from spc.models import ApiToken, User

PREFIX = "spc_"  # so that who finds one in a repository or a log knows what it is
MAX_TOKENS = 20
_SCHEME = "bearer "


class TooManyTokensError(Exception):
    """Somebody has as many tokens as there may be; one has to be revoked first."""


def token_of(authorization: str) -> str | None:
    """Return the token of an Authorization field; None where it has another scheme, or there is none."""
    is_token = authorization[: len(_SCHEME)].lower() == _SCHEME
    return authorization[len(_SCHEME) :].strip() if is_token else None


def user_of_token(token: str) -> User | None:
    """Return whose token it is; None for one that is not in force."""
    # Who was shut out has no tokens, but for one that was being made at that moment.
    whose = select(User).join(ApiToken, ApiToken.user_id == User.id).where(User.password_hash != SHUT)
    return db.session().scalar(whose.where(ApiToken.digest == _digest(token)))


def make_token(user_id: int, name: str) -> str:
    """Return a new token, which cannot be had again; the caller commits.

    Raises:
        TooManyTokensError: see there.
    """
    if len(tokens_of(user_id)) >= MAX_TOKENS:
        raise TooManyTokensError(f"{MAX_TOKENS} tokens; expected one to be revoked first")
    token = PREFIX + secrets.token_urlsafe(32)
    db.session().add(ApiToken(user_id=user_id, name=name, digest=_digest(token)))
    return token


def tokens_of(user_id: int) -> list[ApiToken]:
    """Return what somebody has made, in order."""
    mine = select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id)
    return list(db.session().scalars(mine))


def revoke_token(user_id: int, number: int) -> bool:
    """Let a token be one no more, and tell whether it was somebody's own; the caller commits."""
    mine = delete(ApiToken).where(ApiToken.id == number, ApiToken.user_id == user_id)
    return bool(db.session().execute(mine).rowcount)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
