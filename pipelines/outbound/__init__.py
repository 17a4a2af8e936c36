"""What leaves the machine for people: mail. Who composes it hands it in; nothing here knows what it says."""
