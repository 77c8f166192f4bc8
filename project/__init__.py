"""The Django project around the app: settings from the environment, and the admin."""
