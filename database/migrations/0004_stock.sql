-- Stock: a projection of the append-only ledger, corrected by sensors. Writer: cloud.

-- Writers insert unnumbered rows in their own transaction; the sequencer numbers committed ones (design section 6).
CREATE TABLE change_outbox (
    outbox_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    store      text NOT NULL,
    subject    text NOT NULL,
    body       jsonb NOT NULL
);
COMMENT ON TABLE change_outbox IS 'writers: any, insert only; emptied by the sequencer';

CREATE TABLE change (
    number     bigint PRIMARY KEY,
    kind       text NOT NULL,
    store      text NOT NULL,
    subject    text NOT NULL,
    body       jsonb NOT NULL,
    numbered_at timestamptz NOT NULL
);
COMMENT ON TABLE change IS 'writer: cloud (sequencer); numbers without holes, in commit order';

CREATE TABLE change_head (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    number  bigint NOT NULL
);
INSERT INTO change_head (number) VALUES (0);
COMMENT ON TABLE change_head IS 'writer: cloud (sequencer)';

-- Every move of goods, once: `source` names what caused it (event:…, sale:…, receipt:…, count:…).
-- A place may be empty on one side: goods that come from outside, are sold, or are lost.
CREATE TABLE stock_ledger (
    move_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store      text NOT NULL,
    sku        text NOT NULL,
    kind       text NOT NULL,
    from_place text CHECK (from_place IN ('shelf', 'display', 'backroom', 'warehouse', 'basket', 'staged', 'in_transit', 'unsellable')),
    to_place   text CHECK (to_place IN ('shelf', 'display', 'backroom', 'warehouse', 'basket', 'staged', 'in_transit', 'unsellable')),
    units      integer NOT NULL CHECK (units > 0),
    position   text NOT NULL DEFAULT '',
    happened_at timestamptz NOT NULL,
    source     text NOT NULL,
    UNIQUE (source, sku, kind)
);
CREATE INDEX ON stock_ledger (store, sku, move_id);
COMMENT ON TABLE stock_ledger IS 'writer: cloud; append-only';

-- Units per place by the ledger alone. Sensed shelves are corrected by position_quantity when stock is projected.
CREATE TABLE stock_place (
    store      text NOT NULL,
    sku        text NOT NULL,
    place      text NOT NULL,
    units      integer NOT NULL,
    as_of      timestamptz NOT NULL,
    PRIMARY KEY (store, sku, place)
) WITH (fillfactor = 50);
COMMENT ON TABLE stock_place IS 'writer: cloud (projection of stock_ledger)';

-- The answer per SKU and store. on_hand is the 99 % quantile of shelf + display + backroom.
CREATE TABLE stock (
    store       text NOT NULL,
    sku         text NOT NULL,
    on_shelf    integer NOT NULL,
    unsensed    integer NOT NULL,
    backroom    integer NOT NULL,
    incoming    integer NOT NULL,
    on_hand     integer NOT NULL,
    display_units integer NOT NULL,
    reserved    integer NOT NULL DEFAULT 0,
    short       integer NOT NULL DEFAULT 0,
    confidence  real NOT NULL,
    basis       text[] NOT NULL,
    frozen      boolean NOT NULL,
    as_of       timestamptz NOT NULL,
    PRIMARY KEY (store, sku),
    CHECK (reserved >= 0 AND short >= 0),
    CHECK (reserved <= on_hand + short)
) WITH (fillfactor = 50);
COMMENT ON TABLE stock IS 'writer: cloud';
COMMENT ON COLUMN stock.display_units IS '95 % quantile, for showing; on_hand is for promising';

-- Up to which load the worker has projected a store.
CREATE TABLE projection_cursor (
    store     text PRIMARY KEY,
    load_id   bigint NOT NULL
);
COMMENT ON TABLE projection_cursor IS 'writer: cloud (worker)';

CREATE TABLE till_sale (
    sale_id    text PRIMARY KEY,
    store      text NOT NULL,
    lines      jsonb NOT NULL,
    sold_at    timestamptz NOT NULL
);
COMMENT ON TABLE till_sale IS 'writer: cloud; append-only evidence';

-- A POST that writes keeps its answer under its key, in its own transaction.
CREATE TABLE idempotency_key (
    key_prefix   text NOT NULL,
    idempotency_key text NOT NULL,
    request_hash text NOT NULL,
    status       integer NOT NULL,
    body         jsonb NOT NULL,
    made_at      timestamptz NOT NULL,
    PRIMARY KEY (key_prefix, idempotency_key)
);
COMMENT ON TABLE idempotency_key IS 'writer: cloud';
