import time

from django.utils.deprecation import MiddlewareMixin


class TimingMiddleware(MiddlewareMixin):
    def process_request(self, request):
        request.began = time.monotonic()

    def process_response(self, request, response):
        response["X-Time"] = f"{time.monotonic() - request.began:.3f}"
        return response
