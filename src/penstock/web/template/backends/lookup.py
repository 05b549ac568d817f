"""What a dot means in Django's templates: a key, an attribute, and a method is called.

    {{ table.rows }}                    table["rows"] where the mapping has it, else the attribute
    {% if page.has_next %}              page.has_next()
    {% for name, value in table.items %}
    {{ page.has_next() }}               Jinja2's own way to say it goes on working

Jinja2 would take the method itself, which is always true: a test would pass that fails in Django, and nobody
be told.

In:     the tree of a template; at rendering, an object and a name.
Out:    Python code that looks up as Django does; what was found.
Never:  calls classes, or names without a dot; calls what says `alters_data` or `do_not_call_in_templates`,
        or what a sandbox would not call.
Rules:  Django's order of look-up; what needs arguments is left as it is, and cannot be shown. An error whose
        class says `silent_variable_failure` is as if nothing were there; a property's own AttributeError is
        an error: `{% if not user.is_blocked %}` would let everybody in.
"""

import inspect
from collections.abc import Mapping
from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

METHODS: Final = frozenset({MethodType, BuiltinMethodType, FunctionType})


def look_up_as_django(environment: jinja2.Environment) -> None:
    """Have an environment compile dots as this file describes them."""
    environment.code_generator_class = DottedLookups
    # The code of a template knows its environment, and nothing else of ours.
    environment.look_up = partial(look_up, environment)  # type: ignore[attr-defined]


class DottedLookups(CodeGenerator):
    """Writes `environment.look_up(owner, name)` for each dot but that of a call."""

    _callee: nodes.Node | None = None

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """Write a call: of what is called, the method itself is wanted."""
        self._callee = node.node
        super().visit_Call(node, frame, forward_caller=forward_caller)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """Write a look-up."""
        if node is self._callee:
            super().visit_Getattr(node, frame)
            return
        awaited = ("(await auto_await(", "))") if self.environment.is_async else ("", "")
        self.write(f"{awaited[0]}environment.look_up(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}){awaited[1]}")


def look_up(environment: jinja2.Environment, owner: Any, name: str) -> Any:
    """Return what `owner.name` means; undefined if there is no such thing, or it would change something."""
    try:
        return _called(environment, owner, name, _found(environment, owner, name))
    except Exception as error:
        if getattr(error, "silent_variable_failure", False):
            return environment.undefined(obj=owner, name=name)
        raise


def _found(environment: jinja2.Environment, owner: Any, name: str) -> Any:
    if isinstance(owner, Mapping) and name in owner:
        return owner[name]
    found = environment.getattr(owner, name)
    # Jinja2 takes every AttributeError for "not there". A sandbox hides what is there on purpose.
    if isinstance(found, jinja2.Undefined) and not environment.sandboxed and name in dir(owner):
        return getattr(owner, name)
    return found


def _called(environment: jinja2.Environment, owner: Any, name: str, found: Any) -> Any:
    if type(found) not in METHODS or getattr(found, "do_not_call_in_templates", False):
        return found
    if environment.sandboxed and not _is_safe(environment, found):
        return found
    if getattr(found, "alters_data", False):
        return environment.undefined(obj=owner, name=name)
    try:
        return found()
    except TypeError:
        if _may_be_called_without_arguments(found):
            raise
        return found


def _is_safe(environment: Any, method: Any) -> bool:
    """Tell whether a sandbox would call it where the template does."""
    return bool(environment.is_safe_callable(method))


def _may_be_called_without_arguments(method: Any) -> bool:
    try:
        inspect.signature(method).bind()
    except (TypeError, ValueError):  # it needs some; or it is C and does not say
        return False
    return True
