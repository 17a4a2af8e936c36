"""The hub's schema, step by step: alembic scripts in `versions/`, applied by `pipelines.hub.schema`."""
