"""Every option there is, in the order of the manual, and the object that holds a value for each.

In:     the configuration dataclasses of the packages.
Out:    Config, one frozen composite; OPTIONS, what flags, keys and the manual are generated from.
Never:  parses a value (value.py) or reads a source (source.py).
Rules:  an option's name is its key in TOML, and upper-cased after PENSTOCK_ its variable; so names are unique
        over all packages, and a test holds that.
"""

import dataclasses
import enum
import typing
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from penstock.config.agent import AgentConfig
from penstock.config.application import ApplicationConfig
from penstock.config.cgi import CGIConfig
from penstock.config.dogstatsd import DogStatsDConfig
from penstock.config.machine import MachineConfig
from penstock.config.otlp import OTLPConfig
from penstock.config.protocol import ProtocolConfig
from penstock.config.server import ServerConfig
from penstock.config.store import StoreConfig
from penstock.config.telemetry import TelemetryConfig
from penstock.config.wsgi import WSGIConfig


class Kind(enum.Enum):
    """What a value is, from the type of its field."""

    TEXT = "text"
    SWITCH = "true or false"
    WHOLE = "whole number"
    NUMBER = "number"
    WORDS = "list of texts"


KINDS: Final[Mapping[Any, Kind]] = MappingProxyType(
    {str: Kind.TEXT, bool: Kind.SWITCH, int: Kind.WHOLE, float: Kind.NUMBER, tuple[str, ...]: Kind.WORDS}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """One option: the metadata of option.py beside what the dataclass says of it."""

    section: str  # attribute of Config
    key: str  # attribute of the section, TOML key
    kind: Kind
    default: Any
    help: str
    reason: str
    unit: str
    flag: str  # without dashes; empty = no flag
    short: str
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    secret: bool = False  # its value is shown to nobody

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"PENSTOCK_{self.key.upper()}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A value for every option, by package."""

    application: ApplicationConfig = dataclasses.field(default_factory=ApplicationConfig)
    server: ServerConfig = dataclasses.field(default_factory=ServerConfig)
    protocol: ProtocolConfig = dataclasses.field(default_factory=ProtocolConfig)
    wsgi: WSGIConfig = dataclasses.field(default_factory=WSGIConfig)
    cgi: CGIConfig = dataclasses.field(default_factory=CGIConfig)
    telemetry: TelemetryConfig = dataclasses.field(default_factory=TelemetryConfig)
    agent: AgentConfig = dataclasses.field(default_factory=AgentConfig)
    dogstatsd: DogStatsDConfig = dataclasses.field(default_factory=DogStatsDConfig)
    store: StoreConfig = dataclasses.field(default_factory=StoreConfig)
    otlp: OTLPConfig = dataclasses.field(default_factory=OTLPConfig)
    machine: MachineConfig = dataclasses.field(default_factory=MachineConfig)


SECTIONS: Final[Mapping[str, Any]] = MappingProxyType(typing.get_type_hints(Config))


def _section_options(section: str, holder: Any) -> Iterator[Option]:
    types = typing.get_type_hints(holder)
    for field in dataclasses.fields(holder):
        yield Option(section, field.name, KINDS[types[field.name]], field.default, **field.metadata)


OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        option.key: option
        for section, holder in SECTIONS.items()
        for option in _section_options(section, holder)
    }
)
