"""Options of the store: what is kept on disk of the last hours."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoreConfig:
    """One SQLite file of metrics, kept traces and groups of exceptions; off unless asked for."""

    store: str = option(
        "off",
        help="file of the last hours' metrics, kept traces and errors, for `penstock errors`; off",
        reason="nothing on disk by default",
    )
    store_max_bytes: int = option(
        128 << 20,
        help="the file's size; beyond it the oldest metrics and traces go",
        reason="a day of 300 series, and 10,000 traces",
        unit="bytes",
        minimum=1 << 20,
    )
    store_max_age_s: float = option(
        86400.0,
        help="how long metrics and traces are kept; errors 30 days",
        reason="what happened last night can be looked at in the morning",
        unit="s",
        minimum=600,
    )
