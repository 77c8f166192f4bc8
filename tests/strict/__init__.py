"""The project, with a strict Content-Security-Policy on every answer."""
