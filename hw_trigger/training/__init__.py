"""Fit loops, calibration of formats, checkpoints."""
