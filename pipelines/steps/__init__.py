"""The verbs in their order: ingest, translate, resolve, plan, deliver. Each is one module and works the rows that are ready."""
