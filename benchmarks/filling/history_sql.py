"""A history made up by PostgreSQL itself: how often each job ran, when, and how it went.

Row number i of N is due the later, the greater i is. A few jobs run very often, some often, most
of them seldom; the newest definitions have never run, and some that ran are deleted since.
"""

from __future__ import annotations

COLUMNS = {
    "id": "i + 1",
    "job_id": "'countjobs.countjob:' || job",
    "job_name": "coalesce(definition.name, 'deleted job ' || job)",
    "status": "status",
    "trigger": "trigger",
    "scheduled_at": "scheduled_at",
    "started_at": "started_at",
    "finished_at": """
        CASE
            WHEN status IN ('queued', 'running') THEN NULL
            WHEN status = 'timed_out' THEN started_at + interval '1 hour'
            WHEN started_at IS NULL THEN scheduled_at + late
            ELSE started_at + took
        END""",
    "node": """
        CASE WHEN status = 'queued' THEN '' ELSE 'worker-' || i % 3 || ':4711:0c0ffee0' END""",
    "attempt": "CASE trigger WHEN 'retry' THEN 2 ELSE 1 END",
    "requested_by": "CASE WHEN trigger IN ('manual', 'api') THEN 'user ' || i % 40 ELSE '' END",
    "parameters": "'{}'",
    "output": """
        CASE
            WHEN started_at IS NULL OR status = 'lost' THEN ''
            ELSE repeat(
                E'0\\n1\\n2\\n' || to_char(started_at, 'YYYY-MM-DD HH24:MI:SS')
                || E' INFO 3 count finished.\\nINFO one, one count.\\nINFO two, two count.\\n',
                CASE WHEN chance_of_long < 0.0005 THEN 600 ELSE 1 END
            )
        END""",
    "error": """
        CASE status
            WHEN 'failed' THEN 'ConnectionError: [Errno 111] Connection refused, ' || i % 100
            WHEN 'timed_out' THEN 'It took longer than 3600 s.'
            WHEN 'lost' THEN 'Its scheduler was not heard of for 15 s.'
            WHEN 'missed' THEN '400.0 s late: the misfire grace time is 300 s.'
            WHEN 'skipped' THEN '1 of this job''s runs were still going on.'
            WHEN 'cancelled' THEN 'The job was paused.'
            ELSE ''
        END""",
    "traceback": """
        CASE status WHEN 'failed' THEN
            E'Traceback (most recent call last):\\n'
            || repeat(E'  File "/srv/app/jobs.py", line 42, in run\\n    self.send()\\n', 12)
            || 'ConnectionError: [Errno 111] Connection refused, ' || i % 100
        ELSE '' END""",
    "folded": "CASE status WHEN 'missed' THEN 1 + i % 20 ELSE 0 END",
}
"""The columns' expressions, by name."""

ROWS = """
    FROM (
        SELECT
            *,
            CASE WHEN status NOT IN ('queued', 'missed', 'skipped', 'cancelled')
                THEN scheduled_at + late
            END AS started_at
        FROM (
            SELECT
                i, job, late, took, chance_of_long,
                CASE
                    WHEN i >= {rows} - {queued} THEN 'queued'
                    WHEN i >= {rows} - {active} THEN 'running'
                    WHEN chance < 0.0040 THEN 'missed'
                    WHEN chance < 0.0070 THEN 'skipped'
                    WHEN chance < 0.0090 THEN 'lost'
                    WHEN chance < 0.0105 THEN 'cancelled'
                    WHEN chance < 0.0115 THEN 'timed_out'
                    WHEN chance < CASE WHEN job % 50 = 7 THEN 0.4 ELSE 0.017 END
                        THEN 'failed'
                    ELSE 'succeeded'
                END AS status,
                CASE
                    WHEN i >= {rows} - {queued} THEN 'manual'
                    WHEN chance_of_trigger < 0.970 THEN 'schedule'
                    WHEN chance_of_trigger < 0.990 THEN 'manual'
                    WHEN chance_of_trigger < 0.995 THEN 'retry'
                    ELSE 'api'
                END AS trigger,
                date_trunc(
                    CASE WHEN job <= {often} THEN '{often_unit}' ELSE '{unit}' END,
                    timestamptz '{now}' - interval '1 second' * CASE
                        WHEN i >= {rows} - {recent} THEN ({rows} - i) * {day}::float8 / {recent}
                        ELSE {day} + ({rows} - {recent} - i) * {older_seconds}::float8 / {older}
                    END,
                    'UTC'
                ) AS scheduled_at
            FROM (
                SELECT
                    i,
                    CASE
                        WHEN chance_of_job < 0.3 THEN 1 + i % {often}
                        WHEN chance_of_job < 0.7 THEN 1 + {often} + i % {sometimes}
                        WHEN i % {seldom} < {ever} - {often} - {sometimes}
                            THEN 1 + {often} + {sometimes} + i % {seldom}
                        ELSE 1 + {often} + {sometimes} + i % {seldom} + {never}
                    END AS job,
                    interval '1 second' * (0.02 + power(chance_of_late, 12) * 20) AS late,
                    interval '1 second' * power(10, 3.5 * chance_of_took - 2) AS took,
                    chance, chance_of_trigger, chance_of_long
                FROM (
                    SELECT
                        i,
                        random() AS chance_of_job,
                        random() AS chance,
                        random() AS chance_of_trigger,
                        random() AS chance_of_late,
                        random() AS chance_of_took,
                        random() AS chance_of_long
                    FROM generate_series({first}::bigint, {last}::bigint) AS i
                ) AS chances
            ) AS jobs
        ) AS runs
    ) AS rows
    LEFT JOIN countjobs_countjob AS definition ON definition.id = job
"""
