"""One frozen dataclass per package; nothing below `cli` and `config` reads files or the environment."""

from penstock.config.agent import AgentConfig
from penstock.config.option import option
from penstock.config.protocol import ProtocolConfig
from penstock.config.server import ServerConfig
from penstock.config.telemetry import TelemetryConfig
from penstock.config.wsgi import WSGIConfig

__all__ = ["AgentConfig", "ProtocolConfig", "ServerConfig", "TelemetryConfig", "WSGIConfig", "option"]
