"""For a package that renders with Jinja2: enough of django.template.Template /
Context for the core tests.  The few DTL tags in those templates are turned
into Jinja2 by `preprocess` (also for files, through the `environment` option)."""

import re
import time

import jinja2
import jinja2.ext
from markupsafe import Markup

from ._pkg import pkg


class Preprocess(jinja2.ext.Extension):
    def preprocess(self, source, name, filename=None):
        source = re.sub(r"{%\s*load [^%]*%}", "", source)
        source = re.sub(r"{%\s*csrf_token\s*%}", "{{ csrf_input }}", source)
        source = re.sub(r"{%\s*comment\s*%}.*?{%\s*endcomment\s*%}", "", source, flags=re.S)
        source = re.sub(r"{%\s*now ([\"'].*?[\"'])\s*%}", r"{{ now(\1) }}", source)
        source = re.sub(r"{%\s*url (.*?)\s*%}", self._url, source)
        source = re.sub(r"\|(\w+):(\"[^\"]*\"|'[^']*'|[\w.]+)", r"|\1(\2)", source)
        return source

    @staticmethod
    def _url(m):
        args = re.findall(r"(?:\w+=)?(?:\"[^\"]*\"|'[^']*'|[\w.]+)", m[1])
        if len(args) > 2 and args[-2] == "as":
            return "{%% set %s = url_or_empty(%s) %%}" % (
                args[-1],
                ", ".join(["request|default(none)"] + args[:-2]),
            )
        return "{{ url(%s) }}" % ", ".join(["request|default(none)"] + args)


def _reverse(request, name, *args, **kw):
    match = getattr(request, "resolver_match", None)
    return pkg("urls", "reverse")(
        name,
        args=args,
        kwargs=kw,
        current_app=getattr(request, "current_app", None) or getattr(match, "namespace", None),
    )


def _reverse_or_empty(*a, **k):
    try:
        return _reverse(*a, **k)
    except pkg("urls", "NoReverseMatch"):
        return ""


def environment(**kw):
    kw.setdefault("autoescape", True)
    env = jinja2.Environment(extensions=[Preprocess], **kw)
    env.globals.update(url=_reverse, url_or_empty=_reverse_or_empty, now=lambda f: repr(time.time()))
    return env


INPUT = Markup('<input type="hidden" name="csrfmiddlewaretoken" value="%s">')


class _Lazy:  # the token is made (and the cookie asked for) only when it is used
    def __init__(self, request, fmt=Markup("%s")):
        self.request, self.fmt = request, fmt

    def __html__(self):
        return self.fmt % pkg("middleware.csrf", "get_token")(self.request)

    __str__ = __html__


class Context:
    def __init__(self, d=None, autoescape=True, **kw):
        self.autoescape = autoescape
        self.dicts = [
            {"True": True, "False": False, "None": None},
            dict(d.flatten() if isinstance(d, Context) else d or {}),
        ]

    def flatten(self):
        out = {}
        for d in self.dicts:
            out.update(d)
        return out

    def __getitem__(self, k):
        for d in reversed(self.dicts):
            if k in d:
                return d[k]
        raise KeyError(k)

    def __setitem__(self, k, v):
        self.dicts[-1][k] = v

    def __contains__(self, k):
        return any(k in d for d in self.dicts)

    def __iter__(self):
        return reversed(self.dicts)

    def get(self, k, default=None):
        return self[k] if k in self else default

    def update(self, d):
        self.dicts.append(dict(d))

    def __copy__(self):
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, dicts=[dict(d) for d in self.dicts])
        return new

    def __eq__(self, o):
        return isinstance(o, Context) and self.flatten() == o.flatten()


class RequestContext(Context):
    def __init__(self, request, d=None, processors=None, **kw):
        super().__init__(d)
        self.request = request
        self.dicts.insert(
            1, {"request": request, "csrf_token": _Lazy(request), "csrf_input": _Lazy(request, INPUT)}
        )
        for p in processors or ():
            self.dicts.insert(2, p(request))


class Template:
    def __init__(self, source, origin=None, name=None, engine=None):
        self.source, self.name = source, name
        self.t = environment(keep_trailing_newline=True).from_string(str(source))

    def render(self, context=None, request=None):
        from .signals import template_rendered

        if not isinstance(context, Context):
            context = RequestContext(request, context) if request else Context(context)
        template_rendered.send(sender=self, template=self, context=context)
        d = context.flatten()
        if "csrf_input" not in d and d.get("csrf_token"):
            d["csrf_input"] = INPUT % d["csrf_token"]
        return Markup(self.t.render(d))
