"""What `penstock serve spc.wsgi` serves: the site, and its static files in front of it."""

import os

from whitenoise import WhiteNoise

from penstock.web.conf import settings
from penstock.web.core.wsgi import get_wsgi_application

os.environ.setdefault("PENSTOCK_SETTINGS_MODULE", "spc.settings")

application = WhiteNoise(
    get_wsgi_application(),
    root=settings.STATIC_ROOT,
    prefix="static/",
    max_age=60,
    allow_all_origins=False,
)
