"""The flow: hub, steps, reconciliation, and the people's side (command line, console, Dagster)."""
