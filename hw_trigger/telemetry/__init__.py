"""Telemetry: where it comes from, its channels and labels, scaling and windows."""
