-- Shortages, the tasks and orders that end them. Writer: cloud.

-- One episode of too little at a position. It is closed by the scale, never by a person.
CREATE TABLE shortage (
    shortage_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       text NOT NULL,
    position    text NOT NULL,
    sku         text NOT NULL,
    low_units   integer NOT NULL,
    opened_units integer NOT NULL,
    reason      text NOT NULL,
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz,
    closed_units integer
);
CREATE UNIQUE INDEX shortage_one_open ON shortage (store, position) WHERE closed_at IS NULL;
COMMENT ON TABLE shortage IS 'writer: cloud';

CREATE TABLE replenishment_order (
    order_id    text PRIMARY KEY,
    store       text NOT NULL,
    sku         text NOT NULL,
    units       integer NOT NULL CHECK (units > 0),
    received_units integer NOT NULL DEFAULT 0,
    state       text NOT NULL CHECK (state IN ('open', 'received', 'closed', 'cancelled')),
    reason      text NOT NULL,
    opened_at   timestamptz NOT NULL,
    expected_at timestamptz,
    received_at timestamptz,
    closed_at   timestamptz
);
CREATE UNIQUE INDEX order_one_open ON replenishment_order (store, sku) WHERE state IN ('open', 'received');
COMMENT ON TABLE replenishment_order IS 'writer: cloud; received: goods are in the backroom; closed: the scale has seen them';

CREATE TABLE task (
    task_id     text PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('refill', 'count', 'investigate', 'sensor_check')),
    store       text NOT NULL,
    position    text NOT NULL,
    sku         text NOT NULL,
    shortage_id bigint REFERENCES shortage,
    suggested_units integer NOT NULL,
    state       text NOT NULL CHECK (state IN ('open', 'taken', 'done', 'verified', 'cancelled')),
    reason      text NOT NULL,
    assignee    text,
    done_units  integer,
    opened_at   timestamptz NOT NULL,
    taken_at    timestamptz,
    done_at     timestamptz,
    closed_at   timestamptz
);
CREATE UNIQUE INDEX task_one_refill ON task (store, position) WHERE kind = 'refill' AND closed_at IS NULL;
CREATE INDEX ON task (store, state);
CREATE INDEX ON task (store, position, closed_at);
COMMENT ON TABLE task IS 'writer: cloud; done is what a person says, verified what the scale says';
