"""The stages of the chain, one a file: each takes a configuration and what the stage before wrote."""
