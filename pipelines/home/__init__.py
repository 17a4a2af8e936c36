"""A customer's own folder: what to read, what to write, how to map. Never in the package."""
