-- The history in a table of its own for each month, on PostgreSQL 12 or later.
-- docs/retention.md says what this is good for, what it costs, and when to run each part.
-- Run it as the owner of the tables: psql -v ON_ERROR_STOP=1 -f partition_by_month.sql

-- Part 1: prepare. It may take some minutes, and nobody waits for it.
-- Each key must include the column by which the table is split.

CREATE UNIQUE INDEX CONCURRENTLY countjobs_execution_old_key
    ON countjobs_execution (id, scheduled_at);
CREATE UNIQUE INDEX CONCURRENTLY countjobs_one_run_per_attempt_old
    ON countjobs_execution (first_attempt, attempt, scheduled_at) WHERE first_attempt IS NOT NULL;

-- The table that there is now will be the oldest partition. It ends a month from now or later, so
-- part 2 has time until then.
DO $$
DECLARE
    until_month timestamptz := (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months')
        AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format(
        'ALTER TABLE countjobs_execution ADD CONSTRAINT countjobs_execution_old_end'
        ' CHECK (scheduled_at < %L) NOT VALID', until_month);
    EXECUTE format(
        'COMMENT ON CONSTRAINT countjobs_execution_old_end ON countjobs_execution IS %L',
        until_month);
END $$;
ALTER TABLE countjobs_execution VALIDATE CONSTRAINT countjobs_execution_old_end;

-- Part 2: change the tables. It takes a few milliseconds. Schedulers wait for it, and go on.

BEGIN;
SET LOCAL lock_timeout = '5s';
LOCK TABLE countjobs_execution IN ACCESS EXCLUSIVE MODE;

-- Makes the partition of a month, given as its first day, if it isn't there.
CREATE FUNCTION countjobs_add_month(month date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF countjobs_execution FOR VALUES FROM (%L) TO (%L)',
        'countjobs_execution_' || to_char(month, 'YYYY_MM'),
        month::timestamp AT TIME ZONE 'UTC',
        (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
END $$;

-- Deletes a partition with all its runs. It refuses while one of them hasn't ended.
CREATE FUNCTION countjobs_drop_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    unfinished bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I WHERE finished_at IS NULL'
        ' AND status IN (''queued'', ''running'')', name) INTO unfinished;
    IF unfinished > 0 THEN
        RAISE EXCEPTION '% of the runs in % have not ended.', unfinished, name;
    END IF;
    EXECUTE format('ALTER TABLE countjobs_execution DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
END $$;

DO $$
DECLARE
    old record;
    until_month timestamptz;
    next_id bigint := nextval(pg_get_serial_sequence('countjobs_execution', 'id'));
BEGIN
    SELECT obj_description(oid, 'pg_constraint') INTO until_month
        FROM pg_constraint WHERE conname = 'countjobs_execution_old_end';

    -- The table gets another name, and so do its keys and indexes: migrations know the names.
    ALTER TABLE countjobs_execution RENAME TO countjobs_execution_old;
    ALTER TABLE countjobs_execution_old DROP CONSTRAINT countjobs_execution_pkey;
    ALTER TABLE countjobs_execution_old ADD CONSTRAINT countjobs_execution_old_key
        PRIMARY KEY USING INDEX countjobs_execution_old_key;
    ALTER TABLE countjobs_execution_old ALTER COLUMN id DROP IDENTITY;

    -- The new table has the same columns, defaults and checks, `trouble` included.
    CREATE TABLE countjobs_execution
        (LIKE countjobs_execution_old INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)
        PARTITION BY RANGE (scheduled_at);
    ALTER TABLE countjobs_execution DROP CONSTRAINT countjobs_execution_old_end;
    ALTER TABLE countjobs_execution ADD CONSTRAINT countjobs_execution_pkey
        PRIMARY KEY (id, scheduled_at);

    -- The keys go on from where they were. (Identity columns need PostgreSQL 17 here.)
    CREATE SEQUENCE countjobs_execution_id_seq AS bigint OWNED BY countjobs_execution.id;
    PERFORM setval('countjobs_execution_id_seq', next_id);
    ALTER TABLE countjobs_execution
        ALTER COLUMN id SET DEFAULT nextval('countjobs_execution_id_seq');

    -- The same indexes. `countjobs_one_run_per_fire_time` has the column that splits the table;
    -- `countjobs_one_run_per_attempt` gets it. All attempts of a run have the same value there.
    DROP INDEX countjobs_one_run_per_attempt;
    CREATE UNIQUE INDEX countjobs_one_run_per_attempt
        ON countjobs_execution (first_attempt, attempt, scheduled_at)
        WHERE first_attempt IS NOT NULL;
    FOR old IN
        SELECT i.relname AS name, x.indisunique, pg_get_indexdef(i.oid) AS made
        FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE x.indrelid = 'countjobs_execution_old'::regclass AND i.relname NOT LIKE '%\_old%'
    LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO %I', old.name, left(old.name, 59) || '_old');
        EXECUTE format(
            'CREATE %s INDEX %I ON countjobs_execution %s',
            CASE WHEN old.indisunique THEN 'UNIQUE' ELSE '' END,
            old.name,
            substr(old.made, strpos(old.made, ' USING ')));
    END LOOP;

    EXECUTE format(
        'ALTER TABLE countjobs_execution ATTACH PARTITION countjobs_execution_old'
        ' FOR VALUES FROM (MINVALUE) TO (%L)', until_month);
    -- What fits nowhere else, so that no scheduler ever fails for want of a partition.
    CREATE TABLE countjobs_execution_rest PARTITION OF countjobs_execution DEFAULT;
    FOR ahead IN 0..2 LOOP
        PERFORM countjobs_add_month(
            ((until_month AT TIME ZONE 'UTC') + ahead * interval '1 month')::date);
    END LOOP;
END $$;

-- Whoever may use the table may use the new one, and the sequence.
DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT DISTINCT grantee, privilege_type FROM information_schema.role_table_grants
        WHERE table_schema = current_schema() AND table_name = 'countjobs_execution_old'
            AND grantee NOT IN (current_user, 'PUBLIC')
    LOOP
        EXECUTE format('GRANT %s ON countjobs_execution TO %I',
            given.privilege_type, given.grantee);
        EXECUTE format('GRANT USAGE ON SEQUENCE countjobs_execution_id_seq TO %I', given.grantee);
    END LOOP;
END $$;
COMMIT;

ANALYZE countjobs_execution;

-- Part 3: each month, for instance from a job.
--   SELECT countjobs_add_month('2027-03-01');
--   SELECT countjobs_drop_partition('countjobs_execution_2026_12');
