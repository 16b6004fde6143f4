-- What the gateway writes: readings, counts, events, watermarks. Nothing else writes here.

CREATE TABLE store_lease (
    store      text PRIMARY KEY,
    owner      text NOT NULL,
    fence      bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE store_lease IS 'writer: gateway; expires_at is wall time';

CREATE TABLE device (
    device      text PRIMARY KEY,
    store       text NOT NULL,
    online      boolean NOT NULL,
    journal     text NOT NULL,
    birth       jsonb NOT NULL,
    seen_at     timestamptz NOT NULL
);
COMMENT ON TABLE device IS 'writer: gateway';

-- The watermark: everything up to seq is committed. It moves only in the transaction that writes the rows.
CREATE TABLE journal_watermark (
    device       text NOT NULL,
    journal      text NOT NULL,
    seq          bigint NOT NULL CHECK (seq >= 0),
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (device, journal)
);
COMMENT ON TABLE journal_watermark IS 'writer: gateway';

-- time is event time on the shop clock, frozen at commit; mono_ms the device's own clock at the record.
CREATE TABLE reading (
    time       timestamptz NOT NULL,
    store      text NOT NULL,
    device     text NOT NULL,
    journal    text NOT NULL,
    seq        bigint NOT NULL,
    mono_ms    bigint NOT NULL,
    plate      text NOT NULL,
    kind       text NOT NULL,
    weight_g   real NOT NULL,
    before_g   real,
    noise_g    real NOT NULL,
    quality    text NOT NULL,
    remaining  smallint NOT NULL,
    time_known boolean NOT NULL,
    load_id    bigint NOT NULL
);
SELECT make_history('reading', 'time');
CREATE INDEX reading_plate ON reading (plate, time);
CREATE INDEX reading_record ON reading (device, journal, seq);
-- Loads come in order, so a block range index finds what a takeover must count again at next to no cost.
CREATE INDEX reading_load ON reading USING brin (load_id);
COMMENT ON TABLE reading IS 'writer: gateway';

CREATE TABLE tag_event (
    time       timestamptz NOT NULL,
    store      text NOT NULL,
    device     text NOT NULL,
    journal    text NOT NULL,
    seq        bigint NOT NULL,
    mono_ms    bigint NOT NULL,
    zone       text NOT NULL,
    epc        text NOT NULL,
    gtin       text,
    kind       text NOT NULL,
    rssi_dbm   real NOT NULL,
    reads      integer NOT NULL,
    time_known boolean NOT NULL,
    load_id    bigint NOT NULL
);
SELECT make_history('tag_event', 'time');
CREATE INDEX tag_event_zone ON tag_event (zone, time);
CREATE INDEX tag_event_record ON tag_event (device, journal, seq);
CREATE INDEX tag_event_load ON tag_event USING brin (load_id);
COMMENT ON TABLE tag_event IS 'writer: gateway';

CREATE TABLE health_event (
    time       timestamptz NOT NULL,
    store      text NOT NULL,
    device     text NOT NULL,
    journal    text NOT NULL,
    seq        bigint NOT NULL,
    mono_ms    bigint NOT NULL,
    subject    text NOT NULL,
    verdict    text NOT NULL,
    samples    integer NOT NULL,
    rejected   jsonb NOT NULL,
    noise_g    real NOT NULL,
    queued     integer NOT NULL,
    time_known boolean NOT NULL,
    load_id    bigint NOT NULL
);
SELECT make_history('health_event', 'time');
CREATE INDEX health_event_subject ON health_event (device, subject, time);
CREATE INDEX health_event_record ON health_event (device, journal, seq);
CREATE INDEX health_event_load ON health_event USING brin (load_id);
COMMENT ON TABLE health_event IS 'writer: gateway';

CREATE TABLE clock_event (
    time           timestamptz NOT NULL,
    store          text NOT NULL,
    device         text NOT NULL,
    journal        text NOT NULL,
    seq            bigint NOT NULL,
    mono_ms        bigint NOT NULL,
    wall_at        timestamptz NOT NULL,
    synchronised   boolean NOT NULL,
    uncertainty_ms integer NOT NULL,
    time_known     boolean NOT NULL,
    load_id        bigint NOT NULL
);
SELECT make_history('clock_event', 'time');
CREATE INDEX clock_event_record ON clock_event (device, journal, seq);
COMMENT ON TABLE clock_event IS 'writer: gateway';

-- Numbers that will never come, and why. Loss is never silent.
CREATE TABLE gap (
    device     text NOT NULL,
    journal    text NOT NULL,
    first_seq  bigint NOT NULL,
    last_seq   bigint NOT NULL CHECK (last_seq >= first_seq),
    reason     text NOT NULL,
    load_id    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (device, journal, first_seq)
);
CREATE INDEX gap_load ON gap USING brin (load_id);
COMMENT ON TABLE gap IS 'writer: gateway';

-- Payloads that could not be used, kept with their reason; one row per device and hash, counted.
CREATE TABLE dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic       text NOT NULL,
    device      text NOT NULL,
    journal     text,
    first_seq   bigint,
    last_seq    bigint,
    reason      text NOT NULL,
    detail      text NOT NULL,
    payload     bytea NOT NULL,
    payload_bytes integer NOT NULL,
    payload_hash text NOT NULL,
    times       bigint NOT NULL DEFAULT 1,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    UNIQUE (device, payload_hash)
);
COMMENT ON TABLE dead_letter IS 'writer: gateway; payload is cut at 64 KiB, payload_bytes is the true size';

-- The newest weight of each plate, and the newest verdict of each part of a device.
CREATE TABLE plate_current (
    plate      text PRIMARY KEY,
    store      text NOT NULL,
    device     text NOT NULL,
    weight_g   real NOT NULL,
    quality    text NOT NULL,
    as_of      timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE plate_current IS 'writer: gateway';

CREATE TABLE health_current (
    device     text NOT NULL,
    subject    text NOT NULL,
    verdict    text NOT NULL,
    noise_g    real NOT NULL,
    rejected   jsonb NOT NULL,
    samples    integer NOT NULL,
    queued     integer NOT NULL,
    as_of      timestamptz NOT NULL,
    PRIMARY KEY (device, subject)
) WITH (fillfactor = 50);
COMMENT ON TABLE health_current IS 'writer: gateway';

CREATE TABLE tag_current (
    zone       text NOT NULL,
    epc        text NOT NULL,
    store      text NOT NULL,
    gtin       text,
    present    boolean NOT NULL,
    as_of      timestamptz NOT NULL,
    PRIMARY KEY (zone, epc)
) WITH (fillfactor = 50);
COMMENT ON TABLE tag_current IS 'writer: gateway';

-- The quantity believed to be at a position: pmf[1] is the probability of `low` units, pmf[2] of low + 1, ...
CREATE TABLE position_quantity (
    store       text NOT NULL,
    position    text NOT NULL,
    sku         text NOT NULL,
    low         integer NOT NULL CHECK (low >= 0),
    pmf         real[] NOT NULL CHECK (cardinality(pmf) BETWEEN 1 AND 64),
    best        integer NOT NULL,
    probability real NOT NULL,
    frozen      boolean NOT NULL DEFAULT false,
    basis       text[] NOT NULL,
    as_of       timestamptz NOT NULL,
    load_id     bigint NOT NULL,
    PRIMARY KEY (store, position)
) WITH (fillfactor = 50);
CREATE INDEX ON position_quantity (store, load_id);
CREATE INDEX ON position_quantity (store, sku);
COMMENT ON TABLE position_quantity IS 'writer: gateway; frozen: a sensor is not to be believed, the quantity stands still and widens';
COMMENT ON COLUMN position_quantity.as_of IS 'event time of the newest reading behind it';
COMMENT ON COLUMN position_quantity.load_id IS 'the load that last changed the pmf, frozen or basis; a load that only confirms moves as_of alone';

CREATE TABLE quantity_history (
    time        timestamptz NOT NULL,
    store       text NOT NULL,
    position    text NOT NULL,
    sku         text NOT NULL,
    low         integer NOT NULL,
    pmf         real[] NOT NULL,
    best        integer NOT NULL,
    probability real NOT NULL,
    frozen      boolean NOT NULL,
    load_id     bigint NOT NULL
);
SELECT make_history('quantity_history', 'time');
CREATE INDEX quantity_history_position ON quantity_history (store, position, time);
COMMENT ON TABLE quantity_history IS 'writer: gateway; a row when the pmf changed';

-- event_id = hash(device, journal, seq, k): a recount is the same event.
CREATE TABLE shelf_event (
    time        timestamptz NOT NULL,
    event_id    text NOT NULL,
    store       text NOT NULL,
    position    text NOT NULL,
    sku         text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('pick', 'put_back', 'refill', 'misplace', 'swap', 'sweep')),
    quantity    integer NOT NULL,
    probability real NOT NULL,
    weight_g    real NOT NULL,
    device      text NOT NULL,
    journal     text NOT NULL,
    seq         bigint NOT NULL,
    mono_ms     bigint NOT NULL,
    load_id     bigint NOT NULL
);
SELECT make_history('shelf_event', 'time');
CREATE INDEX shelf_event_position ON shelf_event (store, position, time);
CREATE INDEX shelf_event_load ON shelf_event (store, load_id);
COMMENT ON TABLE shelf_event IS 'writer: gateway; quantity is positive, the kind says which way; mono_ms is the device clock when rest was declared';

-- Counting state is a cache: a copy of what the pure counting held after the loads up to load_id. All rows of a store
-- name the same load; what a later load brought is counted again at start and takeover.
CREATE TABLE counting_state (
    store        text NOT NULL,
    shelf_key    text NOT NULL,
    load_id      bigint NOT NULL,
    evidence_version bigint NOT NULL,
    state        bytea NOT NULL,
    saved_at     timestamptz NOT NULL,
    PRIMARY KEY (store, shelf_key)
);
COMMENT ON TABLE counting_state IS 'writer: gateway';

-- One row a load: what it brought. The cloud worker follows it, store by store.
CREATE TABLE load (
    load_id      bigint PRIMARY KEY,
    store        text NOT NULL,
    loaded_at    timestamptz NOT NULL,
    readings     integer NOT NULL,
    events       integer NOT NULL
);
CREATE INDEX ON load (store, load_id);
COMMENT ON TABLE load IS 'writer: gateway';
