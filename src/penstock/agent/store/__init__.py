"""The last hours in one SQLite file: metrics, kept traces, groups of exceptions. Off unless asked for."""

from penstock.agent.store.keeper import Keeper
from penstock.agent.store.reader import FaultRow, PointRow, SeriesRow, StoreReader
from penstock.agent.store.schema import StoreError

__all__ = ["FaultRow", "Keeper", "PointRow", "SeriesRow", "StoreError", "StoreReader"]
