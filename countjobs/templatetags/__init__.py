"""Tags of the app's admin templates."""
