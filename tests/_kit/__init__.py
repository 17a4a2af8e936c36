"""What the test suites share: a PostgreSQL server, the record of what ran, the snapshot."""
