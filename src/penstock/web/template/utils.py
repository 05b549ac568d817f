"""The engines, where Django keeps them (engine.py).

In:     nothing.
Out:    Django's names.
Never:  holds code of its own.
Rules:  none.
"""

from penstock.web.template.engine import EngineHandler, InvalidTemplateEngineError

__all__ = ("EngineHandler", "InvalidTemplateEngineError")
