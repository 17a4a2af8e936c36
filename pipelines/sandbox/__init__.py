"""The five-minute trial without credentials: a small invented retailer, Meadow & Mill, and the generator that makes its exports."""
