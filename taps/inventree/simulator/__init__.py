"""A simulated InvenTree server: parts, companies, locations, stock with its history, users and orders. See `InvenTreeSimulator`."""

from taps.inventree.simulator.server import InvenTreeSimulator

__all__ = ["InvenTreeSimulator"]
