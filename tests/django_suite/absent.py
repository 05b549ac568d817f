"""What stands where the tested package lacks a name: harmless while test modules load, telling when used.

A part that is left out on purpose (lists/absent.txt) skips the test that uses it; any other name that is not
there fails it, and is counted.

In:     a dotted name below the package.
Out:    objects that can be called, subclassed, decorated with and looked into while modules load.
Never:  lets a test pass that really used one.
"""

import unittest
from collections import Counter


class GapError(AssertionError):
    """A test used a name that the package should have and has not."""


class Missing:
    """A part that the package does not have on purpose."""

    loading = True  # while test modules are being imported

    def __init__(self, name):
        self.__dict__["_name"] = name

    def __repr__(self):
        return f"<{type(self).__name__} {self._name}>"

    def __getattr__(self, attribute):
        if attribute.startswith("__") and attribute.endswith("__"):
            raise AttributeError(attribute)
        if not Missing.loading:
            self._use()
        return type(self)(f"{self._name}.{attribute}")

    def __call__(self, *args, **kwargs):
        if not Missing.loading:
            self._use()
        is_bare_decorator = len(args) == 1 and not kwargs and callable(args[0])
        return args[0] if is_bare_decorator and not isinstance(args[0], Missing) else type(self)(self._name)

    def __mro_entries__(self, bases):
        return (type(self._name.rpartition(".")[2], (MissingBase,), {"absent_name": self._name}),)

    def __enter__(self):
        self._use()

    def __exit__(self, *exception):
        pass

    def __or__(self, other):
        return self

    __ror__ = __or__

    def _use(self):
        raise unittest.SkipTest(f"needs {self._name}")


class Gap(Missing):
    """A name that the package should have."""

    def _use(self):
        raise GapError(f"penstock.web has no {self._name}")


class MissingBase:
    """The base of classes that derive from a part that is not there."""

    absent_name = "an absent base class"
    objects = Missing("db manager")
    get = post = put = dispatch = form_valid = Missing("method of an absent base")

    def __init__(self, *args, **kwargs):
        if not Missing.loading:
            raise unittest.SkipTest(f"needs {self.absent_name}")

    def __init_subclass__(cls, **kwargs):
        pass

    @classmethod
    def as_view(cls, **kwargs):
        return Missing(f"{cls.__name__}.as_view()")


gaps: Counter[str] = Counter()


def count_gap(name):
    """Stand in for a name that should be there, and count it."""
    gaps[name] += 1
    return Gap(name)
