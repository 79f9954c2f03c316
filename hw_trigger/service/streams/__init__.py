"""Streams of samples: what the service remembers of each channel, and the stores that keep it."""
