"""Who may log in, by the command line: whoever runs the site decides, not one of its pages.

    python -m spc.people list
    python -m spc.people add ada engineer      asks for the password; without a terminal it is read as a line
    python -m spc.people password ada
    python -m spc.people shut ada              no log-in any more, no session, no token

Nobody is removed: what they changed and acknowledged names them.

In:     the words above.
Out:    rows of User; status 1 and a sentence where that cannot be.
"""

import argparse
import getpass
import os
import sys

from sqlalchemy import delete, select

import penstock.web
from penstock.web import db
from penstock.web.db import transaction
from spc.account.password import SHUT, hash_password
from spc.models import ApiToken, Role, User

MIN_PASSWORD = 8
MAX_PASSWORD = 200  # as the log-in takes
MAX_NAME = 50


class PersonError(Exception):
    """What was asked for cannot be; the message says why."""


def add_person(name: str, role: Role, password: str) -> None:
    """Let somebody log in.

    Raises:
        PersonError: the name is taken, or is none; the password is too short or too long.
    """
    if not name or name != name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise PersonError(
            f"name {name!r}; expected 1 to {MAX_NAME} characters that can be printed, no blanks around them"
        )
    if db.session().scalar(select(User.id).where(User.name == name)):
        raise PersonError(f"{name!r} is there already")
    db.session().add(User(name=name, role=role, password_hash=_hash(password)))


def change_password(name: str, password: str) -> None:
    """Give somebody another password, which ends their sessions; PersonError as above, or there is nobody."""
    _person(name).password_hash = _hash(password)


def shut_out(name: str) -> None:
    """Let somebody log in no more, and end their sessions and tokens; PersonError: there is nobody."""
    person = _person(name)
    person.password_hash = SHUT
    db.session().execute(delete(ApiToken).where(ApiToken.user_id == person.id))


def _person(name: str) -> User:
    found = db.session().scalar(select(User).where(User.name == name))
    if found is None:
        raise PersonError(f"{name!r} is not there; expected one of `python -m spc.people list`")
    return found


def _hash(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise PersonError(
            f"{len(password)} characters; expected a password of {MIN_PASSWORD} to {MAX_PASSWORD}"
        )
    return hash_password(password)


def main(words: list[str] | None = None) -> int:
    """Do what the words say."""
    asked = _grammar().parse_args(words)
    try:
        with transaction.atomic():
            _obey(asked)
    except PersonError as error:
        sys.stderr.write(f"spc.people: {error}\n")
        return 1
    return 0


def _obey(asked: argparse.Namespace) -> None:
    match asked.command:
        case "list":
            for each in db.session().scalars(select(User).order_by(User.name)):
                sys.stdout.write(
                    f"{each.name}  {each.role}{'  shut' if each.password_hash == SHUT else ''}\n"
                )
        case "add":
            add_person(asked.name, Role(asked.role), _password())
        case "password":
            change_password(asked.name, _password())
        case "shut":
            shut_out(asked.name)


def _password() -> str:
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _grammar() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m spc.people", description="Who may log in.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="everybody, with their roles")
    for name, told in {
        "add": "let somebody log in",
        "password": "give them another password; ends their sessions",
        "shut": "let them log in no more; ends their sessions and tokens",
    }.items():
        commands.add_parser(name, help=told).add_argument("name", metavar="NAME")
    commands.choices["add"].add_argument("role", choices=[str(role) for role in Role])
    return parser


if __name__ == "__main__":
    os.environ.setdefault("PENSTOCK_SETTINGS_MODULE", "spc.settings")
    penstock.web.setup()
    sys.exit(main())
