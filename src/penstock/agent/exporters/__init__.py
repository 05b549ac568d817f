"""What leaves the machine: parcels, the courier that brings them, OTLP."""

from penstock.agent.exporters.address import OTLPOptionError
from penstock.agent.exporters.courier import Courier, Parcel
from penstock.agent.exporters.otlp import OTLP, check_otlp

__all__ = ["OTLP", "Courier", "OTLPOptionError", "Parcel", "check_otlp"]
