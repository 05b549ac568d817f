from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

NOTICES = {1: "Bring your own cup", 2: "The lift <is> broken"}


def index(request):
    if request.method == "POST":
        request.session["seen"] = request.session.get("seen", 0) + 1
        return redirect("notices:detail", number=int(request.POST["number"]))
    return render(request, "notices/index.html", {"notices": NOTICES, "seen": request.session.get("seen", 0)})


@method_decorator(never_cache, name="dispatch")
class NoticeView(View):
    def get(self, request, number):
        if number not in NOTICES:
            raise Http404("no such notice")
        count = cache.get_or_set(f"count-{number}", 0) + 1
        cache.set(f"count-{number}", count)
        return JsonResponse({"text": NOTICES[number], "url": reverse("notices:detail", args=[number])})


@require_GET
def year(request, year):
    return JsonResponse({"year": year})


def secret(request):
    raise PermissionDenied("members only")
