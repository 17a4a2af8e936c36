"""What every reader shares: the messages, the facts, the surroundings, the crash points."""
