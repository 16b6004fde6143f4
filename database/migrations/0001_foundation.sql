-- What every table rests on: the identity of this database, history tables, the two notifications.

-- One row. A restored or replaced database gets a new epoch; devices then adopt its watermarks and replay.
CREATE TABLE database_epoch (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch     text NOT NULL,
    made_at   timestamptz NOT NULL
);
COMMENT ON TABLE database_epoch IS 'writer: database migrations';

-- History tables are append-only and range-partitioned by their time column, or hypertables where TimescaleDB is.
-- Both editions end up with the same columns; `history_table` tells which were made, and how.
CREATE TABLE history_table (
    name        text PRIMARY KEY,
    time_column text NOT NULL,
    edition     text NOT NULL CHECK (edition IN ('partitioned', 'hypertable'))
);
COMMENT ON TABLE history_table IS 'writer: database migrations';

-- Turn a template table into history. Call it once, on an empty table made by this same migration.
CREATE FUNCTION make_history(template regclass, time_column text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := template::text;
    timescale boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb');
BEGIN
    IF timescale THEN
        EXECUTE format('SELECT create_hypertable(%L, %L, create_default_indexes => false,
                        chunk_time_interval => interval ''1 day'')', name, time_column);
    ELSE
        EXECUTE format('ALTER TABLE %I RENAME TO %I', name, name || '_template');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (%I)',
                       name, name || '_template', time_column);
        EXECUTE format('DROP TABLE %I', name || '_template');
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', name || '_rest', name);
    END IF;
    INSERT INTO history_table VALUES (name, time_column, CASE WHEN timescale THEN 'hypertable' ELSE 'partitioned' END);
END $$;

-- Make the daily partitions of all history tables from one day to another (both included). A day whose rows already
-- landed in the rest partition keeps them there. Does nothing for hypertables. Returns how many were made.
CREATE FUNCTION make_partitions(first_day date, last_day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    history record;
    day date;
    partition text;
    made integer := 0;
BEGIN
    -- Two programs may ask at once; the second finds the work done.
    PERFORM pg_advisory_xact_lock(hashtext('make_partitions'));
    FOR history IN SELECT name FROM history_table WHERE edition = 'partitioned' ORDER BY name LOOP
        FOR day IN SELECT generate_series(first_day, last_day, interval '1 day')::date LOOP
            partition := history.name || '_' || to_char(day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            BEGIN
                -- Made first and attached then: unlike PARTITION OF, that lets loads go on beside it.
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition,
                               history.name);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', history.name, partition,
                               (day::text || ' 00:00:00+00')::timestamptz, ((day + 1)::text || ' 00:00:00+00')::timestamptz);
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                RAISE NOTICE 'rows of % stay in %_rest', day, history.name;
            END;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

-- Every load takes the next id; `loaded` is notified with it and nothing else.
CREATE SEQUENCE load_id AS bigint;
