import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.db.configuration import POOL_TIMEOUT_S, read_database


def test_database_by_url_is_read(databases) -> None:
    databases(
        default={
            "URL": "sqlite:///a.db",
            "CONN_MAX_AGE": 60,
            "MAX_CONNECTIONS": 40,
            "OPTIONS": {"timeout": 1},
        }
    )
    read = read_database("default")
    assert (read.url.database, read.max_age_s, read.max_connections) == ("a.db", 60, 40)
    assert (read.options, read.pool_timeout_s, read.has_health_checks) == (
        {"timeout": 1},
        POOL_TIMEOUT_S,
        True,
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_without_a_driver_gets_psycopg(databases, scheme) -> None:
    databases(default={"URL": f"{scheme}://me@host/shop"})
    assert read_database("default").url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(
            {"ENGINE": "penstock.web.db.backends.sqlite3", "NAME": "/tmp/a.db"},
            "sqlite:////tmp/a.db",
            id="sqlite",
        ),
        pytest.param(
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "shop",
                "USER": "me",
                "PASSWORD": "p@ss/word",
                "HOST": "db",
                "PORT": 5433,
            },
            "postgresql+psycopg://me:p%40ss%2Fword@db:5433/shop",
            id="postgresql",
        ),
        pytest.param(
            {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "PORT": ""},
            "postgresql+psycopg:///shop",
            id="local-socket",
        ),
    ],
)
def test_database_by_the_parts_of_django_is_read(databases, parts, expected) -> None:
    databases(default=parts)
    assert read_database("default").url.render_as_string(hide_password=False) == expected


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param("sqlite://", "expected a dict", id="text"),
        pytest.param({}, "neither URL and ENGINE", id="empty"),
        pytest.param({"URL": "sqlite://", "ENGINE": "sqlite3"}, "both URL and ENGINE", id="both"),
        pytest.param({"URL": "nonsense"}, "a URL that cannot be read", id="no-url"),
        pytest.param(
            {"URL": "sqlite://", "ATOMIC_REQUEST": True}, "expected 'ATOMIC_REQUESTS'", id="misspelt"
        ),
        pytest.param({"URL": "sqlite://", "XYZ": 1}, "has 'XYZ'; expected one of", id="unknown"),
        pytest.param({"ENGINE": "django.db.backends.oracle", "NAME": "x"}, "backends.oracle", id="engine"),
        pytest.param({"ENGINE": "django.db.backends.sqlite3"}, "has no NAME", id="no-name"),
        pytest.param({"URL": "sqlite://", "CONN_MAX_AGE": "60"}, "CONN_MAX_AGE = '60'", id="age-text"),
        pytest.param({"URL": "sqlite://", "CONN_MAX_AGE": -1}, "CONN_MAX_AGE = -1", id="age-negative"),
        pytest.param({"URL": "sqlite://", "POOL_TIMEOUT": True}, "POOL_TIMEOUT = True", id="timeout-bool"),
        pytest.param({"URL": "sqlite://", "MAX_CONNECTIONS": 0}, "MAX_CONNECTIONS = 0", id="no-connections"),
    ],
)
def test_database_with_a_fault_is_refused_by_name(databases, written, said) -> None:
    databases(default=written)
    with pytest.raises(ImproperlyConfigured, match=r"DATABASES\['default'\]") as caught:
        read_database("default")
    assert said in str(caught.value)


def test_url_that_cannot_be_read_is_not_shown(databases) -> None:
    databases(default={"URL": "me:secret@host"})
    with pytest.raises(ImproperlyConfigured) as caught:
        read_database("default")
    assert "secret" not in str(caught.value)
