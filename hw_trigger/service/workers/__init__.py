"""How the event loop has variants measure: in processes of their own, or in threads of the service's."""
