"""The view: a query parameter, a small template, nothing from the database."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TITLES = ["The intake", "The penstock", "The turbine", "The tailrace"]


def page(request: HttpRequest) -> HttpResponse:
    """Render the page for the reader that the query names."""
    return render(request, "page.html", {"reader": request.GET.get("reader", "nobody"), "titles": TITLES})
