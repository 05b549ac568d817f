"""`penstock systemd`: a service unit and a socket unit that fit the configuration.

The socket unit holds the addresses, so that a restart of the service refuses nobody and a low port needs no
root. The service may read what its user may, and write to nothing but its own temporary folder and the
files that the configuration names.

In:     the sources of `penstock serve`, the version of systemd.
Out:    NAME.service and NAME.socket: in a folder, or on standard output.
Never:  enables or starts anything; overwrites a file that says something else.

Rules:  systemd.service(5), systemd.socket(5), systemd.exec(5).
"""

import dataclasses
import ipaddress
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penstock.cli.error import CommandError
from penstock.cli.machine import OTHER_FILES
from penstock.cli.systemd.unit import UNIT_NAME, Section, command, path, render, word
from penstock.config import Config, ConfigError, LoadedConfig, load_config
from penstock.server.address import Address, TCPAddress, UnixAddress, parse_address

if TYPE_CHECKING:
    import argparse

# Type=notify-reload came with it.
NOTIFY_RELOAD_VERSION: Final = 253
# After graceful_timeout_s: killing who did not stop, and writing out the last log lines.
STOP_MARGIN_S: Final = 15
WATCHDOG_S: Final = 30
VARIABLES: Final = re.compile(r"PENSTOCK_.*|PORT|WEB_CONCURRENCY")

HARDENING: Final = (
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """What the units are made from.

    Attributes:
        name: of the units.
        target: what is served.
        config: effective, but for `user`, which is settled here.
        config_file: absolute, or "" = found in the folder.
        folder: absolute; where the service works.
        variables: of the environment that configure the server.
        user: the application's.
    """

    name: str
    target: str
    config: Config
    config_file: str
    folder: Path
    variables: Mapping[str, str]
    user: str


def run_systemd(arguments: "argparse.Namespace") -> int:
    """Write the units.

    Raises:
        ConfigError: a source or a word is wrong, or nobody said who the application runs as.
        CommandError: a unit file is there and says something else, or cannot be written.
    """
    site = describe_site(arguments, os.environ)
    units = make_units(site, systemd_version())
    if not arguments.output:
        sys.stdout.write("\n".join(f"# {name}\n{text}" for name, text in units.items()))
        return 0
    for name, text in units.items():
        write_unit(Path(arguments.output) / name, text)
    names = " ".join(reversed(units))  # the socket first, where there is one
    sys.stdout.write(f"now: systemctl daemon-reload && systemctl enable --now {names}\n")
    return 0


def describe_site(arguments: "argparse.Namespace", environment: Mapping[str, str]) -> Site:
    """Read the configuration as `serve` would here.

    Raises:
        ConfigError: as run_systemd.
    """
    loaded: LoadedConfig = load_config({}, environment, file=arguments.config)
    config = loaded.config
    target = arguments.target or config.application.application
    if not target:
        raise ConfigError("nothing to serve", "name the application: penstock systemd mysite.wsgi")
    user = arguments.user or config.server.user
    if not user:
        raise ConfigError("no user", "name who the application runs as, not root: --user mysite")
    name = arguments.name or _unit_name(target)
    if not UNIT_NAME.fullmatch(name):
        raise ConfigError(f"name {name!r}; expected letters, digits and any of : _ . -", "set --name")
    named = arguments.config or environment.get("PENSTOCK_CONFIG", "")
    return Site(
        name=name,
        target=target,
        config=config,
        config_file=str(Path(named).absolute()) if named else "",
        folder=Path.cwd(),
        variables={
            key: value
            for key, value in sorted(environment.items())
            if VARIABLES.fullmatch(key) and value and key != "PENSTOCK_CONFIG"
        },
        user=user,
    )


def _unit_name(target: str) -> str:
    """Return `mysite` for mysite.wsgi:application, `shop` for /srv/shop.py."""
    module = target.partition(":")[0]
    return Path(module).stem if module.endswith(".py") else module.partition(".")[0]


def make_units(site: Site, version: int) -> dict[str, str]:
    """Return file name -> text: the service and, where systemd can open the addresses, the socket.

    Args:
        site: what to serve.
        version: of systemd; 0 = unknown.
    """
    streams = listen_streams([parse_address(text) for text in site.config.server.bind])
    units = {f"{site.name}.service": render(tuple(_service(site, version, len(streams))))}
    if streams:
        units[f"{site.name}.socket"] = render(tuple(_socket(site, streams)))
    return units


def listen_streams(addresses: list[Address]) -> list[str]:
    """Return the addresses as ListenStream= takes them; none if systemd cannot open one of them.

    It takes no host names, and what somebody else opened (fd://N) is not its business.
    """
    streams = []
    for address in addresses:
        if isinstance(address, UnixAddress):
            streams.append(str(Path(address.path).absolute()))
        elif isinstance(address, TCPAddress) and _is_ip(address.host or "0.0.0.0"):
            streams.append(str(dataclasses.replace(address, host=address.host or "0.0.0.0")))
        else:
            return []
    return streams


def systemd_version() -> int:
    """Return the version of this machine's systemd; 0 = there is none."""
    systemctl = shutil.which("systemctl")
    if not systemctl:
        return 0
    ran = subprocess.run([systemctl, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - its own path
    found = re.match(r"systemd ([0-9]+)", ran.stdout)
    return int(found[1]) if found else 0


def write_unit(file: Path, text: str) -> None:
    """Write a unit unless one of that name says something else.

    Raises:
        CommandError: it does, or the file cannot be written.
    """
    try:
        if file.exists() and file.read_text() != text:
            raise CommandError(f"{str(file)!r} is there and says something else; remove it first")
        file.write_text(text)
    except OSError as error:
        raise CommandError(f"cannot write {str(file)!r}: {(error.strerror or str(error)).lower()}") from None


# The socket


def _socket(site: Site, streams: list[str]) -> Iterator[Section]:
    yield Section("Unit", (f"Description=Sockets of {site.name}",))
    server = site.config.server
    lines = [f"ListenStream={path(stream)}" for stream in streams]
    lines.append(f"Backlog={server.backlog}")
    if any(stream.startswith("/") for stream in streams):
        lines += [f"SocketMode={0o666 & ~int(server.umask or '0', 8):04o}", "RemoveOnStop=yes"]
    yield Section("Socket", tuple(lines))
    yield Section("Install", ("WantedBy=sockets.target",))


# The service


def _service(site: Site, version: int, sockets: int) -> Iterator[Section]:
    own_socket = f" {site.name}.socket" if sockets else ""
    unit = [
        f"Description=penstock serves {site.target.replace('%', '%%')}",
        f"After=network.target{own_socket}",
    ]
    if sockets:
        unit.append(f"Requires={site.name}.socket")
    yield Section("Unit", tuple(unit))
    lines = (*_running(site, version, sockets), "", *_ending(site.config), "", *_hardening(site, sockets))
    yield Section("Service", lines)
    yield Section("Install", ("WantedBy=multi-user.target",))


def _running(site: Site, version: int, sockets: int) -> Iterator[str]:
    has_reload = version >= NOTIFY_RELOAD_VERSION
    yield f"Type={'notify-reload' if has_reload else 'notify'}"
    if not has_reload:
        yield "ExecReload=/bin/kill -HUP $MAINPID"
    yield f"User={site.user}"
    if site.config.server.group:
        yield f"Group={site.config.server.group}"
    yield f"WorkingDirectory={path(str(site.folder))}"
    for key, value in site.variables.items():
        yield f"Environment={word(f'{key}={value}')}"
    yield f"ExecStart={command(_command(site, sockets))}"


def _command(site: Site, sockets: int) -> list[str]:
    words = [sys.executable, "-m", "penstock", "serve", site.target]
    if site.config_file:
        words += ["--config", site.config_file]
    for place in range(sockets):  # said aloud: a `bind` of the configuration would win over what is passed
        words += ["--bind", f"fd://{3 + place}"]
    return words


def _ending(config: Config) -> Iterator[str]:
    server = config.server
    # The import may take so long, then the workers' boot; systemd's 90 s would not say where they stand.
    boot_s = 2 * server.boot_timeout_s
    yield f"TimeoutStartSec={math.ceil(boot_s) + STOP_MARGIN_S if boot_s else 'infinity'}"
    # TERM for the master alone: it sees to its workers.
    yield "KillMode=mixed"
    yield f"TimeoutStopSec={math.ceil(server.drain_s + server.graceful_timeout_s) + STOP_MARGIN_S}"
    yield "Restart=on-failure"
    yield "RestartSec=1"
    yield "# A configuration that is wrong stays wrong."
    yield "RestartPreventExitStatus=2"
    yield f"WatchdogSec={WATCHDOG_S}"
    yield f"LimitNOFILE={server.max_connections + OTHER_FILES}"


def _hardening(site: Site, sockets: int) -> Iterator[str]:
    low = [address for address in _own_addresses(site.config, sockets) if 0 < _port(address) < 1024]
    for line in HARDENING:
        if low and line == "CapabilityBoundingSet=":
            yield "CapabilityBoundingSet=CAP_NET_BIND_SERVICE"
            yield "AmbientCapabilities=CAP_NET_BIND_SERVICE"
        else:
            yield line
    yield f"UMask={site.config.server.umask or '0027'}"
    yield f"# What else than /var/lib/{site.name} the application writes to: add as ReadWritePaths=."
    yield f"StateDirectory={site.name}"
    folders = sorted(set(_written_folders(site, sockets)))
    if folders:
        yield f"ReadWritePaths={' '.join(map(word, folders))}"


def _own_addresses(config: Config, sockets: int) -> list[Address]:
    """Return the addresses that the service opens itself."""
    words = [] if sockets else list(config.server.bind)
    return [parse_address(text) for text in [*words, *filter(None, [config.server.ops])]]


def _written_folders(site: Site, sockets: int) -> Iterator[str]:
    """Yield the folders of files that the server writes; /tmp is its own anyway."""
    server, agent = site.config.server, site.config.agent
    files = [
        server.pid_file,
        *(log for log in (agent.access_log, agent.error_log) if log not in {"-", "off"}),
    ]
    files += [each.path for each in _own_addresses(site.config, sockets) if isinstance(each, UnixAddress)]
    folder = site.folder / server.chdir
    yield from (str((folder / file).parent) for file in files if file)
    if server.spool_dir:
        yield str(folder / server.spool_dir)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _port(address: Address) -> int:
    return address.port if isinstance(address, TCPAddress) else 0
