"""Settings, changed for one test.

In:     settings and their values, or additions to lists.
Out:    context managers that decorate functions, coroutines and test cases.
Never:  leaves anything changed.

Rules:  Django's override_settings: a layer over the settings of before; each change is told by
        `setting_changed`.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from penstock.web.conf import UserSettingsHolder, settings
from penstock.web.core.signals import setting_changed


class TestContextDecorator:
    """Something that holds for a block, a function or a test case.

    Args:
        attr_name: the attribute of a test case that gets what `enable` returns.
        kwarg_name: the argument of a function that gets it.

    A subclass has `enable` and `disable`.
    """

    __test__ = False  # pytest collects by name

    def __init__(self, attr_name: str | None = None, kwarg_name: str | None = None) -> None:
        self.attr_name, self.kwarg_name = attr_name, kwarg_name

    def enable(self) -> Any:
        """Begin; return what the block gets."""
        raise NotImplementedError(f"{type(self).__name__} has no enable()")

    def disable(self) -> None:
        """End."""
        raise NotImplementedError(f"{type(self).__name__} has no disable()")

    def __enter__(self) -> Any:
        return self.enable()

    def __exit__(self, *exc_info: object) -> None:
        self.disable()

    def decorate_class(self, cls: Any) -> Any:
        """Let it hold in each test of a test case.

        Raises:
            TypeError: the class is no test case.
        """
        if not hasattr(cls, "setUp") or not hasattr(cls, "addCleanup"):
            raise TypeError("Can only decorate subclasses of unittest.TestCase")
        set_up = cls.setUp

        @functools.wraps(set_up)
        def set_up_within(case: Any) -> None:
            entered = self.enable()
            case.addCleanup(self.disable)
            if self.attr_name:
                setattr(case, self.attr_name, entered)
            set_up(case)

        cls.setUp = set_up_within
        return cls

    def decorate_callable(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Let it hold while a function, or a coroutine, runs."""

        def named(entered: Any) -> dict[str, Any]:
            return {self.kwarg_name: entered} if self.kwarg_name else {}

        if inspect.iscoroutinefunction(func):

            @functools.wraps(func)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self as entered:
                    return await func(*args, **kwargs, **named(entered))

            return awaited

        @functools.wraps(func)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self as entered:
                return func(*args, **kwargs, **named(entered))

        return called

    def __call__(self, decorated: Any) -> Any:
        """Decorate a test case or a function.

        Raises:
            TypeError: neither.
        """
        if isinstance(decorated, type):
            return self.decorate_class(decorated)
        if callable(decorated):
            return self.decorate_callable(decorated)
        raise TypeError(f"Cannot decorate object of type {type(decorated)}")


class override_settings(TestContextDecorator):
    """Puts settings in the place of others.

    Args:
        kwargs: the settings.

    Raises:
        ValueError: a class is decorated that is no SimpleTestCase.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.options = kwargs
        self._before: list[Any] = []  # one for each block that is open

    def enable(self) -> None:
        """Set them, and say so.

        Raises:
            Exception: a receiver's; then nothing is set.
        """
        layer = UserSettingsHolder(settings._wrapped)
        for name, value in self.options.items():
            setattr(layer, name, value)
        self._before.append(settings._wrapped)
        settings._wrapped = layer
        try:
            for name, value in self.options.items():
                setting_changed.send(sender=type(layer), setting=name, value=value, enter=True)
        except Exception:
            self.disable()
            raise

    def disable(self) -> None:
        """Set what was before, and say so to every receiver.

        Raises:
            Exception: the first receiver's that failed.
        """
        settings._wrapped = self._before.pop()
        failures: list[Exception] = []
        for name in self.options:
            value = getattr(settings, name, None)
            told = setting_changed.send_robust(
                sender=type(settings._wrapped), setting=name, value=value, enter=False
            )
            failures += [outcome for _, outcome in told if isinstance(outcome, Exception)]
        if failures:
            raise failures[0]

    def decorate_class(self, cls: Any) -> Any:
        """Let the settings hold for a whole test case, its class fixtures included."""
        _check_case(cls)
        cls._overridden_settings = {**(cls._overridden_settings or {}), **self.options}
        return cls


class modify_settings(override_settings):
    """Changes settings that are lists: {"MIDDLEWARE": {"append": ..., "prepend": ..., "remove": ...}}.

    Args:
        args: one list of (name, operations).
        kwargs: operations by name.

    Raises:
        ValueError: another operation.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.operations: list[tuple[str, Mapping[str, Any]]] = list(args[0]) if args else list(kwargs.items())

    def enable(self) -> None:
        """Set them, computed from what is set now."""
        self.options = {}
        for name, operations in self.operations:
            values = list(self.options.get(name, getattr(settings, name, [])))
            for action, given in operations.items():
                values = _changed(values, action, [given] if isinstance(given, str) else list(given))
            self.options[name] = values
        super().enable()

    def decorate_class(self, cls: Any) -> Any:
        """Let the changes hold for a whole test case."""
        _check_case(cls)
        cls._modified_settings = [*(cls._modified_settings or []), *self.operations]
        return cls


def _changed(values: list[Any], action: str, given: Iterable[Any]) -> list[Any]:
    if action == "append":
        return [*values, *(each for each in given if each not in values)]
    if action == "prepend":
        return [*(each for each in given if each not in values), *values]
    if action == "remove":
        return [each for each in values if each not in given]
    raise ValueError(f"Unsupported action: {action}")


def _check_case(cls: type) -> None:
    if not hasattr(cls, "_overridden_settings"):
        raise ValueError("Only subclasses of SimpleTestCase can be decorated with override_settings")


class override_script_prefix(TestContextDecorator):
    """Mounts the site elsewhere.

    Args:
        prefix: for example "/shop/".
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def enable(self) -> Self:
        """Mount it there."""
        from penstock.web.urls import get_script_prefix, set_script_prefix

        self._before = get_script_prefix()
        set_script_prefix(self.prefix)
        return self

    def disable(self) -> None:
        """Mount it where it was."""
        from penstock.web.urls import set_script_prefix

        set_script_prefix(self._before)
