"""The single writer: drains the rings into logs."""

from penstock.agent.agent import Agent
from penstock.agent.process import run_agent

__all__ = ["Agent", "run_agent"]
