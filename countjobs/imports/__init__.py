"""Schedules of other programs as definitions: cron, celery-beat, django-q2, plain APScheduler."""
