"""The posting rules as one readable table: event → accounts, sides, representation."""
