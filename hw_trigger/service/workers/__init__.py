"""Variants in processes of their own, and the service's ends of them."""
