"""The command line: `counterfoil …`. Each command imports what it needs when it is called, so that `--help` stays quick."""
