"""Packages written for Django, loaded with the imports that docs/from-django.md writes, in memory.

The program takes the settings as JSON and runs requests through the middleware that is asked for.
"""

import importlib.abc
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

# ruff: noqa: PLC0415 - the framework is imported behind the finder, as the packages are

RULES = [
    (re.compile(r"(^|[^./\w-])django\.(?=[A-Za-z_])", re.MULTILINE), r"\1penstock.web."),
    (re.compile(r"^(\s*)from django import", re.MULTILINE), r"\1from penstock.web import"),
    (re.compile(r"^(\s*)import django$", re.MULTILINE), r"\1import penstock.web"),
]


class Loader(importlib.abc.SourceLoader):
    def __init__(self, path: str) -> None:
        self.path = path

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        text = Path(path).read_text(encoding="utf-8")
        for pattern, replacement in RULES:
            text = pattern.sub(replacement, text)
        return text.encode()


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of the packages that are named, and lets nobody else import Django."""

    def __init__(self, *packages: str) -> None:
        self.packages = packages

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        top = fullname.partition(".")[0]
        if top == "django":
            raise ImportError(f"{fullname} is imported; expected the rewritten name")
        if top not in self.packages:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return spec
        return importlib.util.spec_from_file_location(
            fullname,
            spec.origin,
            loader=Loader(spec.origin),
            submodule_search_locations=spec.submodule_search_locations,
        )


def stand_in_for_staticfiles() -> None:
    """What whitenoise's middleware asks of contrib.staticfiles, which is not there: nothing is collected."""

    class Storage:
        def url(self, name: str) -> str:
            from penstock.web.templatetags.static import static

            return static(name)

    contents = {
        "finders": {"get_finders": list, "find": lambda path: None},
        "storage": {"staticfiles_storage": Storage()},
    }
    parent = ModuleType("penstock.web.contrib.staticfiles")
    sys.modules[parent.__name__] = parent
    for name, values in contents.items():
        module = ModuleType(f"{parent.__name__}.{name}")
        vars(module).update(values)
        sys.modules[module.__name__] = module
        setattr(parent, name, module)


def main() -> None:
    asked = json.loads(sys.stdin.read())
    sys.meta_path.insert(0, Finder(*asked["packages"]))
    if "whitenoise" in asked["packages"]:
        stand_in_for_staticfiles()
    from penstock import web
    from penstock.web.conf import settings
    from penstock.web.http import HttpResponse
    from penstock.web.test import Client
    from penstock.web.urls import path

    def view(request: Any) -> HttpResponse:
        return HttpResponse("<p>content</p>" * 30)

    urls: Any = ModuleType("urls")
    urls.urlpatterns = [path("", view), path("api/", view)]
    sys.modules["urls"] = urls
    settings.configure(
        SECRET_KEY="x" * 50,
        ROOT_URLCONF="urls",
        ALLOWED_HOSTS=["testserver"],
        LOGGING_CONFIG=None,
        **asked["settings"],
    )
    web.setup()
    client = Client()
    answers = []
    for method, address, headers in asked["requests"]:
        response = client.generic(method, address, headers=headers)
        body = b"".join(response) if response.streaming else response.content
        answers.append([response.status_code, dict(response.items()), body.decode()])
    print(json.dumps({"answers": answers, "django": "django" in sys.modules}))


if __name__ == "__main__":
    main()
