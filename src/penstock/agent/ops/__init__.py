"""The ops port: liveness, readiness, metrics and status, answered by the agent."""

from penstock.agent.ops.desk import Desk, Subject
from penstock.agent.ops.port import OpsPort, OpsSeat

__all__ = ["Desk", "OpsPort", "OpsSeat", "Subject"]
