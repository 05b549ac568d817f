"""Django's test modules, read as they are and rewritten in memory while Python imports them.

    django.test...      -> djshim...          the stand-in beside this file
    django....          -> penstock.web....   in imports and in texts: settings, logger names
    from penstock.web.x import y              -> a look-up that survives a missing y (absent.py)

In:     the folder of the tests, and the names that are left out on purpose.
Out:    an import hook.
Never:  changes a file; never touches a module outside of that folder.
"""

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
import types
from pathlib import Path

from absent import Missing, count_gap

PACKAGE = "penstock.web"
SHIM = "djshim"

RULES = [
    (re.compile(r"\bdjango\.test\b(?!_)"), SHIM),
    (re.compile(r"^(\s*)from django import test\b", re.MULTILINE), rf"\1import {SHIM} as test"),
    (re.compile(r"^(\s*)from django import", re.MULTILINE), rf"\1from {PACKAGE} import"),
    (re.compile(r"^(\s*)import django$", re.MULTILINE), rf"\1import {PACKAGE} as django"),
    (re.compile(r"\bdjango\.(?=[a-z_])(?!com\b|org\b|po\b|mo\b)"), f"{PACKAGE}."),
    (re.compile(r"((?:getLogger|assertLogs)\(\s*['\"])django(?=['\"])"), rf"\1{PACKAGE}"),
]

# Parts of django.db that tests of requests touch without needing a database.
INERT = {"db.close_old_connections": lambda **kwargs: None, "db.reset_queries": lambda **kwargs: None}


class Rewriter:
    """The import hook for one folder of tests."""

    def __init__(self, tests: Path, absent: list[str]) -> None:
        self.tests = tests.resolve()
        self.absent = absent

    def install(self) -> None:
        """Make imports from the folder go through here."""
        builtins.__dj_soft__ = self.look_up
        sys.path_hooks.insert(0, self.finder)
        sys.path_importer_cache.clear()
        sys.meta_path.append(AbsentFinder(self))
        sys.path.insert(0, str(self.tests))

    def is_absent(self, name):
        """Whether a name (without the package) is left out on purpose."""
        return any(name == each or name.startswith(f"{each}.") for each in self.absent)

    def finder(self, path):
        """A path hook: files in the folder are rewritten."""
        if not Path(path or ".").resolve().is_relative_to(self.tests):
            raise ImportError
        return importlib.machinery.FileFinder(path, (RewritingLoader, [".py"]))

    def look_up(self, module, name):
        """What `from module import name` gives in a rewritten module."""
        full = below_package(f"{module}.{name}")
        if self.is_absent(full):
            if full in ("template.Template", "template.Context", "template.RequestContext"):
                return getattr(importlib.import_module(f"{SHIM}.template"), name)
            return INERT.get(full) or Missing(full)
        try:
            found = importlib.import_module(module)
        except ImportError as error:
            if error.name and (module == error.name or module.startswith(f"{error.name}.")):
                return count_gap(full)
            raise
        if hasattr(found, name):
            return getattr(found, name)
        try:
            return importlib.import_module(f"{module}.{name}")
        except ImportError:
            return count_gap(full)

    def fill_in(self) -> None:
        """Put what is left out on purpose where modules that exist are asked for it: `generic.DetailView`."""
        for name in self.absent:
            parent, _, leaf = name.rpartition(".")
            if not parent or self.is_absent(parent):
                continue
            try:
                module = importlib.import_module(f"{PACKAGE}.{parent}")
            except ImportError:
                continue
            if not hasattr(module, leaf):
                setattr(module, leaf, Missing(name))


def below_package(name):
    """A dotted name without the package's."""
    return name.removeprefix(f"{PACKAGE}.")


class SoftImports(ast.NodeTransformer):
    """Turns `from penstock.web.x import y` into look-ups."""

    def visit_ImportFrom(self, node):
        module = node.module or ""
        is_ours = module == PACKAGE or module.startswith((f"{PACKAGE}.", SHIM))
        if node.level or not is_ours or node.names[0].name == "*":
            return node
        return [self.look_up(node, module, alias) for alias in node.names]

    @staticmethod
    def look_up(node, module, alias):
        call = ast.Call(
            ast.Name("__dj_soft__", ast.Load()), [ast.Constant(module), ast.Constant(alias.name)], []
        )
        target = ast.Name(alias.asname or alias.name, ast.Store())
        return ast.copy_location(ast.Assign(targets=[target], value=call), node)


class RewritingLoader(importlib.machinery.SourceFileLoader):
    """Compiles the rewritten source; bytecode is never kept."""

    def exec_module(self, module):
        before, Missing.loading = Missing.loading, True  # URLconfs are imported while tests run
        try:
            super().exec_module(module)
        finally:
            Missing.loading = before

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        source = importlib.util.decode_source(self.get_data(path))
        for pattern, replacement in RULES:
            source = pattern.sub(replacement, source)
        tree = ast.fix_missing_locations(SoftImports().visit(ast.parse(source, path)))
        return compile(tree, path, "exec", dont_inherit=True)


class AbsentFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules for `import penstock.web.db...` and other parts that are not there."""

    def __init__(self, rewriter):
        self.rewriter = rewriter

    def find_spec(self, name, path=None, target=None):
        if name.startswith(f"{PACKAGE}.") and self.rewriter.is_absent(below_package(name)):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)

        def look_into(attribute):
            if attribute.startswith("__"):
                raise AttributeError(attribute)
            return Missing(below_package(f"{spec.name}.{attribute}"))

        module.__getattr__ = look_into
        return module

    def exec_module(self, module):
        pass
