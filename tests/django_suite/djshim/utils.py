import asyncio
import contextlib
import functools
import gc
import inspect
import io
import logging
import os
import re
import sys
import time
import unittest
import warnings
from itertools import chain
from unittest import TestCase, mock

from . import signals
from ._pkg import Missing, pkg

settings = pkg("conf", "settings")
setting_changed = signals.setting_changed
TZ_SUPPORT = hasattr(time, "tzset")
requires_tz_support = unittest.skipUnless(TZ_SUPPORT, "needs time.tzset")
_NONE = object()
_holder = pkg("conf", "UserSettingsHolder", optional=True)
_LAYERED = _holder is not None and hasattr(settings, "_wrapped")
_cu = pkg("test.utils", optional=True)


class _ContextList(list):
    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        for c in self:
            if key in c:
                return c[key]
        raise KeyError(key)

    def get(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key):
        return self.get(key, _NONE) is not _NONE

    def keys(self):
        return set(chain.from_iterable(d for sub in self for d in sub))


ContextList = getattr(_cu, "ContextList", _ContextList)


class TestContextDecorator:
    def __init__(self, attr_name=None, kwarg_name=None):
        self.attr_name, self.kwarg_name = attr_name, kwarg_name

    def __enter__(self):
        return self.enable()

    def __exit__(self, *exc):
        self.disable()

    def decorate_class(self, cls):
        setup = cls.setUp

        def setUp(inner):
            ctx = self.enable()
            inner.addCleanup(self.disable)
            if self.attr_name:
                setattr(inner, self.attr_name, ctx)
            setup(inner)

        cls.setUp = setUp
        return cls

    def __call__(self, obj):
        if isinstance(obj, type):
            return self.decorate_class(obj)
        if inspect.iscoroutinefunction(obj):

            @functools.wraps(obj)
            async def inner(*a, **k):
                with self as ctx:
                    if self.kwarg_name:
                        k[self.kwarg_name] = ctx
                    return await obj(*a, **k)
        else:

            @functools.wraps(obj)
            def inner(*a, **k):
                with self as ctx:
                    if self.kwarg_name:
                        k[self.kwarg_name] = ctx
                    return obj(*a, **k)

        return inner


class override_settings(TestContextDecorator):
    """Layers settings where PKG.conf has UserSettingsHolder and settings._wrapped;
    otherwise plain setattr/delattr on PKG.conf.settings.  Either way
    setting_changed is sent after the change, as in Django."""

    def __init__(self, **kw):
        self.options = kw
        super().__init__()

    def _tell(self, keys, enter):
        for k in keys:
            setting_changed.send_robust(
                sender=type(settings), setting=k, value=getattr(settings, k, None), enter=enter
            )

    def enable(self):
        if _LAYERED:  # settings._wrapped swapped for a UserSettingsHolder, as Django does
            self._old = settings._wrapped
            over = _holder(self._old)
            for k, v in self.options.items():
                setattr(over, k, v)
            settings._wrapped = over
        else:
            self._saved = {k: getattr(settings, k, _NONE) for k in self.options}
            for k, v in self.options.items():
                setattr(settings, k, v)
        self._tell(self.options, True)

    def disable(self):
        if _LAYERED:
            settings._wrapped = self._old
        else:
            for k, v in self._saved.items():
                if v is not _NONE:
                    setattr(settings, k, v)
                elif hasattr(settings, k):
                    delattr(settings, k)
        self._tell(self.options, False)

    def decorate_class(self, cls):
        cls._overridden_settings = {**(cls._overridden_settings or {}), **self.options}
        return cls


class modify_settings(override_settings):
    def __init__(self, *args, **kw):
        super().__init__()
        self.operations = args[0] if args else list(kw.items())

    def decorate_class(self, cls):
        cls._modified_settings = list(cls._modified_settings or []) + list(self.operations)
        return cls

    def enable(self):
        self.options = {}
        for name, ops in self.operations:
            val = list(self.options.get(name, getattr(settings, name, [])))
            for action, items in ops.items():
                items = [items] if isinstance(items, str) else items
                if action == "append":
                    val += [i for i in items if i not in val]
                elif action == "prepend":
                    val = [i for i in items if i not in val] + val
                elif action == "remove":
                    val = [i for i in val if i not in items]
                else:
                    raise ValueError(action)
            self.options[name] = val
        super().enable()


class override_script_prefix(TestContextDecorator):
    def __init__(self, prefix):
        self.prefix = prefix
        super().__init__()

    def enable(self):
        get, set_ = pkg("urls", "get_script_prefix", "set_script_prefix")
        self.old = get()
        set_(self.prefix)

    def disable(self):
        pkg("urls", "set_script_prefix")(self.old)


class override_system_checks(TestContextDecorator):
    def __init__(self, *a, **k):
        super().__init__()

    def enable(self):
        pass

    disable = enable


class ignore_warnings(TestContextDecorator):
    def __init__(self, **kw):
        self.kw = kw
        self.f = warnings.filterwarnings if "message" in kw or "module" in kw else warnings.simplefilter
        super().__init__()

    def enable(self):
        self.cw = warnings.catch_warnings()
        self.cw.__enter__()
        self.f("ignore", **self.kw)

    def disable(self):
        self.cw.__exit__(*sys.exc_info())


def tag(*tags):
    def deco(o):
        o.tags = set(getattr(o, "tags", ())) | set(tags)
        return o

    return deco


def garbage_collect():
    gc.collect()


@contextlib.contextmanager
def freeze_time(t):
    with mock.patch.object(time, "time", lambda: t):
        yield


@contextlib.contextmanager
def extend_sys_path(*paths):
    old = sys.path[:]
    sys.path.extend(paths)
    try:
        yield
    finally:
        sys.path = old


@contextlib.contextmanager
def isolate_lru_cache(f):
    f.cache_clear()
    try:
        yield
    finally:
        f.cache_clear()


@contextlib.contextmanager
def captured_output(name):
    old = getattr(sys, name)
    setattr(sys, name, io.StringIO())
    try:
        yield getattr(sys, name)
    finally:
        setattr(sys, name, old)


captured_stdout = lambda: captured_output("stdout")  # noqa
captured_stderr = lambda: captured_output("stderr")  # noqa
captured_stdin = lambda: captured_output("stdin")  # noqa
require_jinja2 = lambda f: f  # noqa


class LoggingCaptureMixin:
    def setUp(self):
        self.logger = logging.getLogger(os.environ.get("DJ_LOGROOT", os.environ["DJ_PKG"]))
        self.old_stream = self.logger.handlers[0].stream
        self.logger_output = io.StringIO()
        self.logger.handlers[0].stream = self.logger_output
        super().setUp() if hasattr(super(), "setUp") else None

    def tearDown(self):
        self.logger.handlers[0].stream = self.old_stream


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    got = getattr(_cu, name, _NONE) if _cu else _NONE
    return Missing(f"test.utils.{name}") if got is _NONE else got
