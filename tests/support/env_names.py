"""The environment that the project's settings read."""

NAMES = (
    *("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS"),
    *("DEBUG", "ALLOWED_HOSTS", "TIME_ZONE", "STATIC_ROOT"),
    *("SITE_URL", "PING_URL", "METRICS_TOKEN", "EMAIL_URL", "DEFAULT_FROM_EMAIL"),
    "ALERT_PRIVATE_ADDRESSES",
)
