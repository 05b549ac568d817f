"""URLs: from a path to a view, and back.

Names and rules are those of `django.urls`; how a path is matched is ours (table.py).

    conf.py         how a URLconf is written           resolvers.py    the tree that this makes
    converters.py   types of parameters                table.py        resolving, quickly
    pattern.py      one part of a route                plain.py        resolving, as it is defined
    expression.py   what a regular expression says     reversal.py     the way back
    context.py      which URLconf, which prefix        base.py         what applications call
"""

from penstock.web.urls.base import (
    clear_url_caches,
    is_valid_path,
    resolve,
    reverse,
    reverse_lazy,
    translate_url,
)
from penstock.web.urls.conf import include, path, re_path
from penstock.web.urls.context import (
    clear_script_prefix,
    get_script_prefix,
    get_urlconf,
    set_script_prefix,
    set_urlconf,
)
from penstock.web.urls.converters import register_converter
from penstock.web.urls.exceptions import NoReverseMatch, Resolver404
from penstock.web.urls.pattern import LocalePrefixPattern
from penstock.web.urls.resolvers import ResolverMatch, URLPattern, URLResolver, get_ns_resolver, get_resolver
from penstock.web.urls.utils import get_callable, get_mod_func

__all__ = (
    "LocalePrefixPattern",
    "NoReverseMatch",
    "Resolver404",
    "ResolverMatch",
    "URLPattern",
    "URLResolver",
    "clear_script_prefix",
    "clear_url_caches",
    "get_callable",
    "get_mod_func",
    "get_ns_resolver",
    "get_resolver",
    "get_script_prefix",
    "get_urlconf",
    "include",
    "is_valid_path",
    "path",
    "re_path",
    "register_converter",
    "resolve",
    "reverse",
    "reverse_lazy",
    "set_script_prefix",
    "set_urlconf",
    "translate_url",
)
