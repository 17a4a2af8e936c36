"""Writing one system each, looked up before it is ever written again."""
