from ._pkg import pkg

Signal, receiver = pkg("dispatch", "Signal", "receiver")
setting_changed = pkg("core.signals", "setting_changed")
# The client collects rendered templates through this one, so use PKG's own.
_own = pkg("test.signals", optional=True)
template_rendered = getattr(_own, "template_rendered", None) or Signal()


def __getattr__(name):  # anything else PKG.test.signals has
    return getattr(_own, name)


@receiver(setting_changed)
def _reset(*, setting, **kw):
    """What PKG must forget when a setting changes (PKG may do it by itself)."""
    if setting in ("ROOT_URLCONF", "APPEND_SLASH"):
        clear, set_urlconf = pkg("urls", "clear_url_caches", "set_urlconf")
        clear()
        set_urlconf(None)
    elif setting == "CACHES":
        m = pkg("core.cache", optional=True)
        if m is not None:
            m.close_caches()
            reset = getattr(m.caches, "reset", None)
            if reset:
                reset()
            else:  # Django's own layout
                from asgiref.local import Local

                m.caches._settings = m.caches.settings = m.caches.configure_settings(None)
                m.caches._connections = Local()
    elif setting in ("TEMPLATES", "DEBUG", "INSTALLED_APPS"):
        e = pkg("template", "engines", optional=True)
        if e is not None:
            reset = getattr(e, "reset", None)
            if reset:
                reset()
            else:
                e.__dict__.pop("templates", None)
                e._templates, e._engines = None, {}
                Engine = pkg("template.engine", "Engine", optional=True)
                if Engine is not None:
                    Engine.get_default.cache_clear()
    elif setting == "TIME_ZONE":
        import os, time

        if kw.get("value"):
            os.environ["TZ"] = kw["value"]
        else:
            os.environ.pop("TZ", None)
        time.tzset()
        f = pkg("utils.timezone", "get_default_timezone", optional=True)
        getattr(f, "cache_clear", lambda: None)()
    elif setting in ("STORAGES", "MEDIA_ROOT"):
        m = pkg("core.files.storage", optional=True)
        if m is not None and hasattr(m, "storages"):
            m.storages.__dict__.pop("backends", None)
            m.storages._backends, m.storages._storages = None, {}
            try:
                m.default_storage._wrapped = pkg("utils.functional", "empty")
            except Exception:
                pass
    elif setting in ("LANGUAGES", "LANGUAGE_CODE", "LOCALE_PATHS"):
        m = pkg("utils.translation.trans_real", optional=True)
        if m is not None:
            from asgiref.local import Local

            m._default, m._active, m._translations = None, Local(), {}
