#!/bin/sh
# Writes the lock files again. They name no package index: a clone is not bound to one (a test greps them).
# uv.txt: the tool itself. base.txt: what `make demo` installs. dev.txt: what `make test` installs. bench.txt: that and the rivals of `make bench`. all.txt: every extra.
set -eu
cd "$(dirname "$0")/.."
lock() {
  out=$1; shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header "$@" -o "requirements/$out"
}
lock all.txt pyproject.toml --group build --group dev --group bench --all-extras
# The others are parts of it, so that the demo runs the versions that were tested.
lock base.txt pyproject.toml --constraint requirements/all.txt --group build
lock dev.txt pyproject.toml --constraint requirements/all.txt --group build --group dev --extra postgres --extra parquet --extra xlsx --extra reconcile --extra pdf
lock bench.txt pyproject.toml --constraint requirements/all.txt --group build --group dev --group bench --extra postgres --extra parquet --extra xlsx --extra reconcile --extra pdf
lock uv.txt --group pyproject.toml:uv
