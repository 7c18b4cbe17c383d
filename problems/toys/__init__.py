"""Toys: functions with one difficulty each, that a reader can picture; one kind a file."""
