"""Reading one system each; connectors never import each other."""
