import pytest

from penstock.cli.parser import parse_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["agent"],
            {
                "command": "agent",
                "action": "run",
                "config": "",
                "agent_socket": None,
                "agent_allow_uids": None,
                "agent_allow_gids": None,
                "agent_log_folder": None,
                "ops": None,
                "error_log": None,
                "json": False,
            },
        ),
        (
            ["agent", "status", "--json", "--socket", "a.sock"],
            {
                "command": "agent",
                "action": "status",
                "config": "",
                "agent_socket": "a.sock",
                "agent_allow_uids": None,
                "agent_allow_gids": None,
                "agent_log_folder": None,
                "ops": None,
                "error_log": None,
                "json": True,
            },
        ),
        (
            ["agent", "--allow-uid", "3", "--allow-uid", "4", "--ops", "127.0.0.1:1"],
            {
                "command": "agent",
                "action": "run",
                "config": "",
                "agent_socket": None,
                "agent_allow_uids": ["3", "4"],
                "agent_allow_gids": None,
                "agent_log_folder": None,
                "ops": "127.0.0.1:1",
                "error_log": None,
                "json": False,
            },
        ),
    ],
)
def test_words_are_understood(words: list[str], expected: dict[str, object]) -> None:
    assert vars(parse_words(words)) == expected
