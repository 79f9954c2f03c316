"""Configuration composed with Hydra and validated."""
