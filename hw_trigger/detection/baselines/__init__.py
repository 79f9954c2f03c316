"""Detectors that a network must beat to be worth its silicon. Their parameters are fixed beforehand, not tuned to labels."""
