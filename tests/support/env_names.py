"""The environment that the project's settings read."""

NAMES = (
    *("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS"),
    *("DEBUG", "ALLOWED_HOSTS", "TIME_ZONE", "STATIC_ROOT"),
)
