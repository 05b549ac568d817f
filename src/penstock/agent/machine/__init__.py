"""The agent of a machine: masters come and go, one process writes for all of them."""

from penstock.agent.machine.process import run_machine

__all__ = ["run_machine"]
