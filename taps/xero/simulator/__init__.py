"""A stand-in for Xero: one organisation with state and with Xero's rules, for tests and trials."""

from taps.xero.simulator.app import ROOT, TENANT, XeroSimulator

__all__ = ["ROOT", "TENANT", "XeroSimulator"]
