"""Scores, thresholds and detection metrics."""
