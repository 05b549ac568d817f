"""What leaves the machine: parcels, the courier that brings them, OTLP; DogStatsD."""

from penstock.agent.exporters.address import OTLPOptionError
from penstock.agent.exporters.courier import Courier, Parcel
from penstock.agent.exporters.dogstatsd import DogStatsDOut
from penstock.agent.exporters.otlp import OTLP, check_otlp

__all__ = ["OTLP", "Courier", "DogStatsDOut", "OTLPOptionError", "Parcel", "check_otlp"]
