-- Minutes of plates and hours of products, on both editions by the same views; retention; partitions of past days.
--
-- With TimescaleDB's full edition a rollup is a continuous aggregate. With PostgreSQL alone, or TimescaleDB's Apache
-- edition, it is a table: a load says which times it touched, `refresh_rollup` counts those buckets again. Either way
-- what is newer than the last refresh comes from the rows themselves, and a late row shows after the next one.

ALTER TABLE load ADD COLUMN reading_span tstzmultirange, ADD COLUMN event_span tstzmultirange;
COMMENT ON COLUMN load.reading_span IS 'times of the weights it brought; null: a gateway of before did not say';
COMMENT ON COLUMN load.event_span IS 'times of the shelf events it brought; null: a gateway of before did not say';

ALTER TABLE history_table ADD COLUMN dropped_before timestamptz NOT NULL DEFAULT '-infinity';
COMMENT ON TABLE history_table IS 'writers: database migrations, upkeep (dropped_before)';
COMMENT ON COLUMN history_table.dropped_before IS 'rows of before were dropped, or stayed behind in a database this is a copy of';

CREATE TABLE rollup (
    name         text PRIMARY KEY,
    source       text NOT NULL REFERENCES history_table,
    bucket       interval NOT NULL,
    edition      text NOT NULL CHECK (edition IN ('table', 'continuous aggregate')),
    upto         timestamptz NOT NULL DEFAULT '-infinity',
    refreshed_at timestamptz,
    past_before  timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE rollup IS 'writers: upkeep, liveshelf db copy (past_before)';
COMMENT ON COLUMN rollup.upto IS 'table edition: buckets below are read from name_kept, the others from the rows';
COMMENT ON COLUMN rollup.past_before IS 'continuous aggregate: minutes below are read from plate_minute_past';

-- The invalidation log: at most one row a load and rollup, made one row by every refresh.
CREATE TABLE rollup_stale (
    name    text NOT NULL REFERENCES rollup,
    span    tstzmultirange,
    load_id bigint NOT NULL
);
COMMENT ON TABLE rollup_stale IS 'writers: loads and replays, insert only; emptied by upkeep; span null: look it up by load_id';

-- The last weight is that of the newest time, of one time that of the highest number: steps and ties collide. As the
-- greatest array it needs no sort and is the same on both editions.
DO $migration$
DECLARE
    full_edition boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
                            AND current_setting('timescaledb.license', true) = 'timescale';
    minute_columns text := 'store, plate, minute, readings, min_g, max_g, avg_g, last_g, good_share';
    minutes text := $$
        SELECT store, plate, %1$s AS minute, count(*) AS readings, min(weight_g) AS min_g, max(weight_g) AS max_g,
               avg(weight_g::double precision) AS avg_g,
               (max(ARRAY[date_part('epoch', time - '2000-01-01 00:00:00+00'::timestamptz), seq::double precision,
                          weight_g::double precision]))[3]::real AS last_g,
               count(*) FILTER (WHERE quality = 'ok')::double precision / count(*) AS good_share
        FROM reading %2$s GROUP BY store, plate, %1$s $$;
    hour_columns text := 'store, sku, hour, events, picked_units, put_back_units, refilled_units';
    hours text := $$
        SELECT store, sku, %1$s AS hour, count(*) AS events,
               coalesce(sum(quantity) FILTER (WHERE kind = 'pick'), 0) AS picked_units,
               coalesce(sum(quantity) FILTER (WHERE kind = 'put_back'), 0) AS put_back_units,
               coalesce(sum(quantity) FILTER (WHERE kind = 'refill'), 0) AS refilled_units
        FROM shelf_event %2$s GROUP BY store, sku, %1$s $$;
    minute_bin text := $$date_bin(interval '1 minute', time, '2000-01-01 00:00:00+00'::timestamptz)$$;
    hour_bin text := $$date_bin(interval '1 hour', time, '2000-01-01 00:00:00+00'::timestamptz)$$;
BEGIN
    INSERT INTO rollup (name, source, bucket, edition)
    SELECT name, source, bucket, CASE WHEN full_edition THEN 'continuous aggregate' ELSE 'table' END
    FROM (VALUES ('plate_minute', 'reading', interval '1 minute'), ('sku_hour', 'shelf_event', interval '1 hour'))
         AS r (name, source, bucket);

    CREATE TABLE plate_minute_past (
        store text NOT NULL, plate text NOT NULL, minute timestamptz NOT NULL, readings bigint NOT NULL,
        min_g real NOT NULL, max_g real NOT NULL, avg_g double precision NOT NULL, last_g real NOT NULL,
        good_share double precision NOT NULL);

    IF full_edition THEN
        -- What a database copied here had kept of minutes whose weights it had no longer.
        ALTER TABLE plate_minute_past ADD PRIMARY KEY (plate, minute, store);
        COMMENT ON TABLE plate_minute_past IS 'writer: liveshelf db copy';

        EXECUTE 'CREATE MATERIALIZED VIEW plate_minute_kept
                 WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS '
                || format(minutes, $$time_bucket(interval '1 minute', time)$$, '') || ' WITH NO DATA';
        EXECUTE 'CREATE MATERIALIZED VIEW sku_hour_kept
                 WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS '
                || format(hours, $$time_bucket(interval '1 hour', time)$$, '') || ' WITH NO DATA';

        EXECUTE format(
            'CREATE VIEW plate_minute AS
             SELECT %1$s FROM plate_minute_kept
             WHERE minute >= (SELECT past_before FROM rollup WHERE name = ''plate_minute'')
             UNION ALL
             SELECT %1$s FROM plate_minute_past
             WHERE minute < (SELECT past_before FROM rollup WHERE name = ''plate_minute'')', minute_columns);
        EXECUTE format('CREATE VIEW sku_hour AS SELECT %s FROM sku_hour_kept', hour_columns);

        ALTER TABLE reading SET (timescaledb.compress, timescaledb.compress_segmentby = 'plate, device',
                                 timescaledb.compress_orderby = 'time, load_id');
        ALTER TABLE tag_event SET (timescaledb.compress, timescaledb.compress_segmentby = 'zone, device',
                                   timescaledb.compress_orderby = 'time, load_id');
        ALTER TABLE health_event SET (timescaledb.compress, timescaledb.compress_segmentby = 'device, subject',
                                      timescaledb.compress_orderby = 'time, load_id');
        ALTER TABLE clock_event SET (timescaledb.compress, timescaledb.compress_segmentby = 'device',
                                     timescaledb.compress_orderby = 'time, load_id');
        ALTER TABLE quantity_history SET (timescaledb.compress, timescaledb.compress_segmentby = 'store, position',
                                          timescaledb.compress_orderby = 'time, load_id');
    ELSE
        ALTER TABLE plate_minute_past RENAME TO plate_minute_kept;
        PERFORM make_history('plate_minute_kept', 'minute');
        CREATE UNIQUE INDEX plate_minute_kept_plate ON plate_minute_kept (plate, minute, store);
        COMMENT ON TABLE plate_minute_kept IS 'writer: upkeep (refresh_rollup)';
        CREATE TABLE sku_hour_kept (
            store text NOT NULL, sku text NOT NULL, hour timestamptz NOT NULL, events bigint NOT NULL,
            picked_units bigint NOT NULL, put_back_units bigint NOT NULL, refilled_units bigint NOT NULL,
            PRIMARY KEY (store, sku, hour));
        CREATE INDEX sku_hour_kept_hour ON sku_hour_kept (hour);
        COMMENT ON TABLE sku_hour_kept IS 'writer: upkeep (refresh_rollup)';

        EXECUTE format(
            'CREATE VIEW plate_minute AS
             SELECT %1$s FROM plate_minute_kept WHERE minute < (SELECT upto FROM rollup WHERE name = ''plate_minute'')
             UNION ALL %2$s', minute_columns,
            format(minutes, minute_bin, 'WHERE time >= (SELECT upto FROM rollup WHERE name = ''plate_minute'')'));
        EXECUTE format(
            'CREATE VIEW sku_hour AS
             SELECT %1$s FROM sku_hour_kept WHERE hour < (SELECT upto FROM rollup WHERE name = ''sku_hour'')
             UNION ALL %2$s', hour_columns,
            format(hours, hour_bin, 'WHERE time >= (SELECT upto FROM rollup WHERE name = ''sku_hour'')'));

        EXECUTE format(
            'CREATE FUNCTION recount_plate_minute(since timestamptz, before timestamptz) RETURNS void LANGUAGE sql AS %L',
            'DELETE FROM plate_minute_kept WHERE minute >= since AND minute < before;
             INSERT INTO plate_minute_kept (' || minute_columns || ') '
             || format(minutes, minute_bin, 'WHERE time >= since AND time < before'));
        EXECUTE format(
            'CREATE FUNCTION recount_sku_hour(since timestamptz, before timestamptz) RETURNS void LANGUAGE sql AS %L',
            'DELETE FROM sku_hour_kept WHERE hour >= since AND hour < before;
             INSERT INTO sku_hour_kept (' || hour_columns || ') '
             || format(hours, hour_bin, 'WHERE time >= since AND time < before'));
    END IF;
END $migration$;

COMMENT ON VIEW plate_minute IS 'a minute of a plate: how many weights, least, greatest, mean, last, share of quality ok';
COMMENT ON VIEW sku_hour IS 'an hour of a product in a store: shelf events, and units picked, put back, refilled';

-- A load makes stale what it touched. One of a gateway of before says nothing; its rows are looked up by their load.
CREATE FUNCTION note_load() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rollup_stale (name, span, load_id)
    SELECT name, span, NEW.load_id
    FROM (VALUES ('plate_minute', NEW.reading_span, NEW.readings), ('sku_hour', NEW.event_span, NEW.events))
         AS touched (name, span, records)
    WHERE records > 0 AND (span IS NULL OR NOT isempty(span));
    RETURN NULL;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM rollup WHERE edition = 'table') THEN
        CREATE TRIGGER load_touches AFTER INSERT ON load FOR EACH ROW EXECUTE FUNCTION note_load();
        -- Without bounds: the first refresh looks up which times there are, and no load waits for that here.
        IF EXISTS (SELECT FROM load) THEN
            INSERT INTO rollup_stale (name, span, load_id) SELECT name, '{(,)}', 0 FROM rollup;
        END IF;
    END IF;
END $$;

-- Count stale buckets again, the oldest first, `step` of time at most in one call. The bucket `at` lies in, and what is
-- newer, is left to the rows themselves. Returns whether there is more to do. For rollups that are tables.
CREATE FUNCTION refresh_rollup(asked text, at timestamptz, step interval) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-01 00:00:00+00';
    kept rollup;
    cutoff timestamptz;
    dropped timestamptz;
    unsaid bigint[];
    stale tstzmultirange;
    looked_up tstzmultirange;
    due tstzmultirange;
    slice tstzmultirange;
    part tstzrange;
BEGIN
    -- Whoever holds this row refreshes; a load only adds to the log and waits for nobody.
    SELECT * INTO STRICT kept FROM rollup WHERE name = asked FOR UPDATE;
    cutoff := greatest(kept.upto, date_bin(kept.bucket, at, origin));
    SELECT dropped_before INTO STRICT dropped FROM history_table WHERE name = kept.source;

    -- Taken from the log first and counted then: what is committed in between is counted too, and stays in the log.
    WITH told AS (DELETE FROM rollup_stale WHERE name = asked RETURNING span, load_id)
    SELECT coalesce((SELECT range_agg(one) FROM told t, unnest(t.span) AS one), '{}'),
           (SELECT array_agg(load_id) FROM told t WHERE t.span IS NULL)
    INTO stale, unsaid;
    IF unsaid IS NOT NULL THEN
        EXECUTE format('SELECT range_agg(tstzrange(bin, bin, ''[]'')) FROM (
                            SELECT DISTINCT date_bin($1, time, $2) AS bin FROM %I WHERE load_id = ANY($3)) bins',
                       kept.source) INTO looked_up USING kept.bucket, origin, unsaid;
        stale := stale + coalesce(looked_up, '{}');
    END IF;
    IF isempty(stale) IS FALSE AND (lower_inf(stale) OR upper_inf(stale)) THEN
        EXECUTE format('SELECT range_agg(tstzrange(bin, bin + $1)) FROM (
                            SELECT DISTINCT date_bin($1, time, $2) AS bin FROM %I) bins',
                       kept.source) INTO looked_up USING step, origin;
        stale := stale * coalesce(looked_up, '{}');
    END IF;
    SELECT coalesce(range_agg(tstzrange(
               date_bin(kept.bucket, lower(one), origin),
               date_bin(kept.bucket, upper(one) - CASE WHEN upper_inc(one) THEN interval '0' ELSE interval '1 us' END,
                        origin) + kept.bucket)), '{}')
    INTO stale FROM unnest(stale) AS one;

    -- Buckets whose rows were dropped stay as they are: what comes for them now is too late.
    due := stale * tstzmultirange(tstzrange(dropped, cutoff));
    stale := stale * tstzmultirange(tstzrange(cutoff, NULL));
    IF NOT isempty(due) THEN
        slice := due * tstzmultirange(tstzrange(lower(due), lower(due) + step));
        FOR part IN SELECT unnest(slice) LOOP
            EXECUTE format('SELECT %I($1, $2)', 'recount_' || asked) USING lower(part), upper(part);
        END LOOP;
        due := due - slice;
    END IF;
    IF NOT isempty(due + stale) THEN
        INSERT INTO rollup_stale (name, span, load_id) VALUES (asked, due + stale, 0);
    END IF;
    UPDATE rollup SET upto = CASE WHEN isempty(due) THEN cutoff ELSE greatest(upto, least(cutoff, lower(due))) END,
                      refreshed_at = at
    WHERE name = asked;
    RETURN NOT isempty(due);
END $$;

-- Make one day's partition of one history table and move there what of that day is in the rest partition. A load that
-- writes to the rest partition waits meanwhile, one that writes elsewhere does not. Returns whether it was made.
CREATE FUNCTION make_partition(history text, day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    partition text := history || '_' || to_char(day, 'YYYYMMDD');
    time_column text;
    since timestamptz := (day::text || ' 00:00:00+00')::timestamptz;
    before timestamptz := ((day + 1)::text || ' 00:00:00+00')::timestamptz;
BEGIN
    SELECT t.time_column INTO time_column FROM history_table t WHERE t.name = history AND t.edition = 'partitioned';
    -- Two programs may ask at once; the second finds the work done.
    PERFORM pg_advisory_xact_lock(hashtext('make_partitions'));
    IF time_column IS NULL OR to_regclass(partition) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- Made first and attached then: unlike PARTITION OF, that lets loads go on beside it.
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, history);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', history || '_rest');
    EXECUTE format('WITH moved AS (DELETE FROM %1$I WHERE %2$I >= $1 AND %2$I < $2 RETURNING *)
                    INSERT INTO %3$I SELECT * FROM moved', history || '_rest', time_column, partition)
        USING since, before;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', history, partition, since, before);
    RETURN true;
END $$;

-- The same as before for all tables and days; rows that came before their partition now move into it.
CREATE OR REPLACE FUNCTION make_partitions(first_day date, last_day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    made integer;
BEGIN
    SELECT count(*) FILTER (WHERE make_partition(name, day::date)) INTO made
    FROM (SELECT name, day FROM history_table, generate_series(first_day, last_day, interval '1 day') AS day
          WHERE edition = 'partitioned' ORDER BY name, day) AS wanted;
    RETURN made;
END $$;

-- The days between two times of which the rest partitions hold rows, oldest first.
CREATE FUNCTION days_in_rest(since timestamptz, before timestamptz) RETURNS SETOF date LANGUAGE plpgsql AS $$
DECLARE
    asked text;
BEGIN
    SELECT string_agg(format('SELECT (%1$I AT TIME ZONE ''UTC'')::date AS day FROM %2$I
                              WHERE %1$I >= $1 AND %1$I < $2', time_column, name || '_rest'), ' UNION ')
    INTO asked FROM history_table WHERE edition = 'partitioned';
    IF asked IS NOT NULL THEN
        RETURN QUERY EXECUTE asked || ' ORDER BY day' USING since, before;
    END IF;
END $$;

-- Drop the history of a table before a day's beginning, never what a rollup has not counted yet. Where TimescaleDB
-- keeps the table its chunks are dropped. Returns how many partitions or chunks went.
CREATE FUNCTION drop_history(history text, before timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    kept history_table;
    horizon timestamptz := date_trunc('day', before, 'UTC');
    partition text;
    dropped integer := 0;
BEGIN
    SELECT * INTO STRICT kept FROM history_table WHERE name = history FOR UPDATE;
    SELECT least(horizon, min(date_trunc('day', upto, 'UTC'))) INTO horizon
    FROM rollup WHERE source = history AND edition = 'table';
    IF horizon = '-infinity' THEN
        RETURN 0;
    END IF;
    IF kept.edition = 'hypertable' THEN
        EXECUTE 'SELECT count(*) FROM drop_chunks($1::regclass, older_than => $2)' INTO dropped USING history, horizon;
    ELSE
        FOR partition IN
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = history::regclass AND c.relname ~ ('^' || history || '_[0-9]{8}$')
              AND (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'UTC' <= horizon
            ORDER BY c.relname
        LOOP
            EXECUTE format('DROP TABLE %I', partition);
            dropped := dropped + 1;
        END LOOP;
        EXECUTE format('DELETE FROM %I WHERE %I < $1', history || '_rest', kept.time_column) USING horizon;
    END IF;
    UPDATE history_table SET dropped_before = greatest(dropped_before, horizon) WHERE name = history;
    RETURN dropped;
END $$;

-- What TimescaleDB's own jobs do, by wall time: refresh, columnstore, retention. Without effect on other editions.
-- A refresh never reaches back to weights that may be gone, or it would take their minutes for gone too.
CREATE FUNCTION set_policies(keep_readings interval, keep_minutes interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    history text;
BEGIN
    IF NOT EXISTS (SELECT FROM rollup WHERE edition = 'continuous aggregate') THEN
        RETURN;
    END IF;
    FOREACH history IN ARRAY ARRAY['reading', 'tag_event', 'health_event', 'clock_event', 'quantity_history'] LOOP
        PERFORM remove_retention_policy(history::regclass, if_exists => true);
        PERFORM add_retention_policy(history::regclass, drop_after => keep_readings);
        PERFORM remove_compression_policy(history::regclass, if_exists => true);
        PERFORM add_compression_policy(history::regclass, compress_after => interval '3 days');
    END LOOP;
    PERFORM remove_retention_policy('plate_minute_kept', if_exists => true);
    PERFORM add_retention_policy('plate_minute_kept', drop_after => keep_minutes);
    PERFORM remove_continuous_aggregate_policy('plate_minute_kept', if_exists => true);
    PERFORM add_continuous_aggregate_policy('plate_minute_kept', start_offset => keep_readings - interval '1 day',
        end_offset => interval '1 minute', schedule_interval => interval '1 minute');
    PERFORM remove_continuous_aggregate_policy('sku_hour_kept', if_exists => true);
    PERFORM add_continuous_aggregate_policy('sku_hour_kept', start_offset => NULL::interval,
        end_offset => interval '1 minute', schedule_interval => interval '1 minute');
END $$;
