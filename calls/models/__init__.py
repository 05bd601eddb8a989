"""Calls, their legs and messages, and the agents' part in them."""

from calls.models.action import Action
from calls.models.agent_status import AgentStatus
from calls.models.call import Call, CallConflict
from calls.models.leg import Leg
from calls.models.message import Message

__all__ = ["Action", "AgentStatus", "Call", "CallConflict", "Leg", "Message"]
