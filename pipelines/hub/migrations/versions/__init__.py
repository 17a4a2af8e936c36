"""The steps, in order. Never change one that was released."""
