"""The single writer: drains the rings into logs, keeps its stations, answers the ops port."""

from penstock.agent.agent import Agent
from penstock.agent.ops import OpsSeat
from penstock.agent.process import run_agent

__all__ = ["Agent", "OpsSeat", "run_agent"]
