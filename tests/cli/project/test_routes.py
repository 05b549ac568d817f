import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from penstock.cli.project.routes import ShownRoute, render_json, render_table, shown_routes
from penstock.cli.project.startproject import make_project
from penstock.web.urls import URLResolver, include, path, re_path
from penstock.web.urls.pattern import RegexPattern


def view(request: object) -> None: ...


def root(*patterns: object) -> URLResolver:
    return URLResolver(RegexPattern("^/"), list(patterns))


def test_routes_stand_in_their_order_with_full_paths_and_names() -> None:
    below = include(
        ([path("<int:pk>/", view, name="detail"), re_path(r"^all/$", view)], "app"), namespace="shop"
    )
    shown = list(shown_routes(root(path("", view, name="home"), path("items/", below))))
    assert [(route.path, route.name) for route in shown] == [
        ("/", "home"),
        ("/items/<int:pk>/", "shop:detail"),
        ("/items/all/$", ""),
    ]
    assert shown[0].view.endswith("test_routes.view")


def test_include_that_contains_itself_is_followed_once() -> None:
    patterns: list[object] = [path("a/", view)]
    module = SimpleNamespace(urlpatterns=patterns, __name__="loop")
    patterns.append(path("again/", include(module)))
    assert [route.path for route in shown_routes(root(path("", include(module))))] == ["/a/", "/again/a/"]


def test_table_has_aligned_columns_without_trailing_space() -> None:
    table = render_table([ShownRoute("/", "home", "a.b"), ShownRoute("/long/path/", "", "c.d")])
    assert table == "path         name  view\n/            home  a.b\n/long/path/        c.d\n"


def test_json_has_an_object_for_each_route() -> None:
    assert json.loads(render_json([ShownRoute("/", "home", "a.b")])) == [
        {"path": "/", "name": "home", "view": "a.b"}
    ]


@pytest.mark.parametrize(
    ("module", "told"),
    [
        pytest.param(
            "views", "cannot read the URLconf: NameError: name 'nothing' is not defined", id="views"
        ),
        pytest.param("settings", "settings 'shop.settings': NameError: name 'nothing' is not", id="settings"),
    ],
)
def test_project_that_cannot_be_imported_is_one_line_with_its_place(
    tmp_path: Path, module: str, told: str
) -> None:
    make_project("shop", tmp_path)
    path = tmp_path / f"shop/{module}.py"
    path.write_text(path.read_text() + "\nnothing\n")
    environment = {name: value for name, value in os.environ.items() if not name.endswith("SETTINGS_MODULE")}
    command = [sys.executable, "-m", "penstock", "routes"]
    outcome = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    place = f"(shop/{module}.py:{path.read_text().count(chr(10))})"
    assert outcome.returncode == 1
    (line,) = outcome.stderr.splitlines()
    assert line.startswith(f"penstock: {told}")
    assert line.endswith(place)
