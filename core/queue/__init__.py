"""The durable queue of jobs, in one database with what the jobs make."""

from core.queue.bell import Bell, Bells
from core.queue.order import place_of
from core.queue.queue import Queue

__all__ = ["Bell", "Bells", "Queue", "place_of"]
