"""Imported last by the server from which run processes are forked, when it has all that they need."""

from bench.runner import orphans

orphans.guard()
