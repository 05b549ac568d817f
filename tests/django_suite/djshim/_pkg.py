import importlib
import os

PKG = os.environ["DJ_PKG"]


def pkg(mod, *names, optional=False):
    """pkg('http', 'QueryDict') -> PKG.http.QueryDict; pkg('http') -> module."""
    try:
        m = importlib.import_module(f"{PKG}.{mod}")
    except ImportError:
        if optional:
            return None if len(names) < 2 else (None,) * len(names)
        raise
    if not names:
        return m
    out = tuple(getattr(m, n, None) if optional else getattr(m, n) for n in names)
    return out[0] if len(out) == 1 else out


from absent import Missing, MissingBase  # noqa
