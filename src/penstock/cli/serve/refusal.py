"""What is refused before a process is forked, where one line still reaches who typed the command.

In:     a configuration as it was read.
Out:    one that this machine can use.
Never:  opens a socket or a file.
"""

import dataclasses
from pathlib import Path

from penstock.cli.error import CommandError
from penstock.cli.machine import default_workers
from penstock.cli.serve.watcher import require_watchfiles
from penstock.config import AgentConfig, Config, ConfigError, DogStatsDConfig, OTLPConfig
from penstock.server.address import AddressError, parse_address
from penstock.wsgi import TrustConfigError, TrustedProxies


def settle(config: Config) -> Config:
    """Replace what depends on the machine, and refuse what no machine could do.

    Raises:
        ConfigError: an address, a bound or a trusted proxy is malformed, or --reload cannot work.
    """
    try:
        for word in filter(None, (*config.server.bind, config.server.ops)):
            parse_address(word)
        TrustedProxies(config.wsgi.trusted_proxies, config.wsgi.forwarding_fields)
    except (AddressError, TrustConfigError) as error:
        raise ConfigError(str(error)) from None
    check_dogstatsd(config.dogstatsd)
    refuse_bad_otlp(config.otlp)
    check_agent_place(config)
    if config.server.reload:
        require_watchfiles()
    workers = config.server.workers or default_workers()
    return dataclasses.replace(config, server=dataclasses.replace(config.server, workers=workers))


def check_dogstatsd(config: DogStatsDConfig) -> None:
    """Refuse what the agent, later, could not use.

    Raises:
        ConfigError: an address or a bound is malformed.
    """
    if config == DogStatsDConfig():
        return
    from penstock.agent.dogstatsd import (  # noqa: PLC0415 - master and workers never need it
        DogStatsDOptionError,
        read_options,
    )

    try:
        read_options(config)
    except DogStatsDOptionError as error:
        raise ConfigError(str(error)) from None


def refuse_bad_otlp(config: OTLPConfig) -> None:
    """Refuse what the agent, later, could not use.

    Raises:
        ConfigError: the endpoint or a field is malformed, or the library is missing.
    """
    if not config.otlp_endpoint:
        return
    from penstock.agent.exporters import (  # noqa: PLC0415 - master and workers never need it
        OTLPOptionError,
        check_otlp,
    )

    try:
        check_otlp(config)
    except OTLPOptionError as error:
        raise ConfigError(str(error)) from None


def check_agent_place(config: Config) -> None:
    """Refuse a place where no agent can be.

    Raises:
        ConfigError: the word is none of the three, or something is asked of an agent that is not to be.
    """
    place = config.agent.agent
    if place not in {"embedded", "off"} and not place.startswith("unix:/"):
        raise ConfigError(f"agent {place!r}; expected embedded, off or unix: and an absolute path")
    if place == "off" and config.server.ops:
        raise ConfigError(
            f"ops {config.server.ops!r} with agent = 'off'; expected an agent, which answers it"
        )


def check_logs(config: AgentConfig) -> None:
    """Refuse logs that could not be written: the agent, later, could complain of them nowhere else.

    Raises:
        ConfigError: the access log's format cannot be used.
        CommandError: there is no such folder, or the file is one.
    """
    check_log_format(config.access_log_format)
    for option, word in (
        ("--access-log", config.access_log),
        ("--error-log", config.error_log),
        ("application_log", config.application_log),
    ):
        if word in {"", "-", "off"}:
            continue
        if not Path(word).parent.is_dir():
            raise CommandError(f"{option} {word!r}: there is no folder {str(Path(word).parent)!r}")
        if Path(word).is_dir():
            raise CommandError(f"{option} {word!r} is a folder; expected a file, - or off")


def check_log_format(word: str) -> None:
    """Refuse a template that cannot be used.

    Raises:
        ConfigError: it says what is wrong with it.
    """
    if word in {"text", "json"}:
        return
    from penstock.agent.logs.form import access_form  # noqa: PLC0415 - else only the agent's process needs it
    from penstock.agent.logs.template import TemplateError  # noqa: PLC0415 - the same
    from penstock.telemetry.clock import WallClock  # noqa: PLC0415 - the same

    try:
        access_form(word, WallClock())
    except TemplateError as error:
        raise ConfigError(str(error)) from None
