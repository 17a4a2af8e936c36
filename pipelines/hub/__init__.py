"""The hub: one SQL database per customer. It alone knows what is left to do."""
