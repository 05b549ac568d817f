"""A site's code as its authors type it: it passes `mypy --strict` (test_typing.py), and it is never run."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_type

from penstock.web.conf import settings
from penstock.web.conf.urls.static import static
from penstock.web.core.cache import cache
from penstock.web.core.checks import Error, register
from penstock.web.core.exceptions import PermissionDenied, ValidationError
from penstock.web.core.paginator import Paginator
from penstock.web.core.signals import request_finished
from penstock.web.core.validators import MinValueValidator, validate_email
from penstock.web.core.wsgi import get_wsgi_application
from penstock.web.dispatch import receiver
from penstock.web.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from penstock.web.shortcuts import redirect, render, resolve_url
from penstock.web.template import loader
from penstock.web.template.response import TemplateResponse
from penstock.web.test import Client, RequestFactory, SimpleTestCase
from penstock.web.urls import include, path, re_path, register_converter, resolve, reverse, reverse_lazy
from penstock.web.utils.dateparse import parse_date
from penstock.web.utils.decorators import method_decorator
from penstock.web.utils.deprecation import MiddlewareMixin
from penstock.web.views import View
from penstock.web.views.decorators.cache import cache_control, cache_page, never_cache
from penstock.web.views.decorators.csrf import csrf_exempt
from penstock.web.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from penstock.web.views.decorators.http import condition, require_GET, require_http_methods
from penstock.web.views.generic import RedirectView, TemplateView

GetResponse = Callable[[HttpRequest], HttpResponse]


def home(request: HttpRequest) -> HttpResponse:
    page = request.GET.get("page", "1")
    assert_type(page, str)
    assert_type(request.GET.get("sort"), str | None)
    assert_type(request.GET.get("number", 1), str | int)
    assert_type(request.GET["page"], str)
    assert_type(request.POST.getlist("tag"), list[str])
    assert_type(request.headers.get("Accept"), str | None)
    assert_type(request.headers.get("Accept", ""), str)
    assert_type(request.headers["Accept"], str)
    data: QueryDict = request.POST
    if request.method == "POST" and "name" in data:
        return redirect("hello", name=data["name"])
    response = render(request, "home.html", {"page": page}, status=200)
    response["X-Page"] = page
    response.set_cookie("seen", "1", max_age=60, samesite="Lax")
    assert_type(response.status_code, int)
    assert_type(response.content, bytes)
    return response


@require_http_methods(["GET", "HEAD"])
@cache_page(60)
@cache_control(private=True)
def item(request: HttpRequest, pk: int) -> JsonResponse:
    if pk < 0:
        raise Http404("no such item")
    if request.headers.get("X-Secret") is None:
        raise PermissionDenied
    count: int = cache.get_or_set(f"count-{pk}", 0)
    return JsonResponse({"pk": pk, "count": count})


def page_of_a_day(request: HttpRequest) -> HttpResponse:
    day = parse_date(request.GET.get("day", ""))
    if day is None:
        raise Http404("no such day")
    page = Paginator(range(day.day), 10).get_page(request.GET.get("page"))
    assert_type(page.has_next(), bool)
    try:
        validate_email(request.GET["mail"])
        MinValueValidator(1)(page.number)
    except ValidationError as error:
        return JsonResponse({"errors": error.messages}, status=400)
    return render(request, "page.html", {"page_obj": page})


def changed(request: HttpRequest, pk: int) -> datetime | None:
    return datetime.now().astimezone() if pk else None


@require_GET
@condition(last_modified_func=changed)
@csrf_exempt
@never_cache
def old(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("item", kwargs={"pk": pk}, query={"old": "1"}))


assert_type(old(HttpRequest(), 1), HttpResponse)
assert_type(item(HttpRequest(), 1), JsonResponse)


async def waiting(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"done", content_type="text/plain")


@sensitive_variables("password")
def check_password(password: str) -> bool:
    return bool(password)


@sensitive_post_parameters()
def log_in(request: HttpRequest) -> HttpResponse:
    assert_type(check_password("x"), bool)
    return HttpResponse(resolve_url("home"))


@method_decorator(never_cache, name="dispatch")
class ItemView(View):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        assert_type(self.request, HttpRequest)
        return TemplateResponse(request, "item.html", {"pk": pk, "kwargs": self.kwargs})


class AboutView(TemplateView):
    template_name = "about.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "debug": settings.DEBUG}


class HomeView(RedirectView):
    url = reverse_lazy("home")
    permanent = True


class YearConverter:
    regex = "[0-9]{4}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:04}"


register_converter(YearConverter, "year")

shop_patterns = (
    [
        path("<int:pk>/", item, name="item"),
        path("view/<int:pk>/", ItemView.as_view(), name="view"),
    ],
    "shop",
)
urlpatterns = [
    path("", home, name="home"),
    path("about/", AboutView.as_view(template_name="other.html"), {"extra": 1}, "about"),
    path("home/", HomeView.as_view()),
    path("waiting/", waiting),
    re_path(r"^old/(?P<pk>\d+)/$", old, name="old"),
    path("shop/", include(shop_patterns, namespace="main")),
    *static("media/", document_root=settings.MEDIA_ROOT),
]
handler404 = "site.views.not_found"


def timing(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["X-Site"] = "mine"
        return response

    return middleware


class Stamp(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        return None if request.path else HttpResponse(status=400)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return response


@receiver(request_finished)
def finished(sender: Any, **kwargs: Any) -> None: ...


@register("site")
def check_site(app_configs: Any, **kwargs: Any) -> list[Error]:
    return [Error("wrong", hint="do right", id="site.E001")]


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(piece for piece in [b"a", b"b"])


application = get_wsgi_application()


class PagesTest(SimpleTestCase):
    def test_home(self) -> None:
        response = Client().get("/", {"page": "2"}, headers={"accept": "text/html"})
        self.assertEqual(response.status_code, 200)  # noqa: PT009 - as people write it
        request: HttpRequest = RequestFactory().post("/", {"a": "1"})
        match = resolve(request.path)
        assert_type(match.kwargs, dict[str, Any])
        assert_type(match.view_name, str)
        assert_type(loader.render_to_string("a.html", {"a": 1}), str)
