"""What is served: the one setting that the command line usually gives as its argument."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationConfig:
    """Where the WSGI callable is found."""

    application: str = option(
        "",
        help="what to serve when the command line does not say: as its TARGET",
        reason="a project that says it once is started by `penstock serve`",
    )
