"""The routes of the API, by what they are about. Each module adds its own to an application."""
