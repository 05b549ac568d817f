from django.http import HttpResponseForbidden
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView


def refused(request, exception):
    return HttpResponseForbidden(f"not for you: {exception}")


handler403 = refused

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="notices:index")),
    path("about/", TemplateView.as_view(template_name="about.html"), name="about"),
    path("notices/", include("notices.urls")),
]
