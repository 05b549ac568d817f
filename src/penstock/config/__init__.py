"""One frozen dataclass per package; nothing below `cli` and `config` reads files or the environment."""

from penstock.config.agent import AgentConfig
from penstock.config.application import ApplicationConfig
from penstock.config.catalogue import OPTIONS, Config, Kind, Option
from penstock.config.cgi import CGIConfig
from penstock.config.dogstatsd import DogStatsDConfig
from penstock.config.error import ConfigError
from penstock.config.load import LoadedConfig, load_config
from penstock.config.machine import MachineConfig
from penstock.config.option import option
from penstock.config.otlp import OTLPConfig
from penstock.config.protocol import ProtocolConfig
from penstock.config.server import ServerConfig
from penstock.config.store import StoreConfig
from penstock.config.telemetry import TelemetryConfig
from penstock.config.wsgi import WSGIConfig

__all__ = [
    "OPTIONS",
    "AgentConfig",
    "ApplicationConfig",
    "CGIConfig",
    "Config",
    "ConfigError",
    "DogStatsDConfig",
    "Kind",
    "LoadedConfig",
    "MachineConfig",
    "OTLPConfig",
    "Option",
    "ProtocolConfig",
    "ServerConfig",
    "StoreConfig",
    "TelemetryConfig",
    "WSGIConfig",
    "load_config",
    "option",
]
