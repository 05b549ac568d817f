from django.conf import settings


def board_name(request):
    return {"board_name": "Board", "is_debug": settings.DEBUG}
