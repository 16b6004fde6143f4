-- Catalogue and planogram: what is sold, and where it stands. Writer: cloud. The gateway reads it by version.

CREATE TABLE store (
    store      text PRIMARY KEY,
    name       text NOT NULL
);
COMMENT ON TABLE store IS 'writer: cloud';

CREATE TABLE product (
    sku            text PRIMARY KEY,
    name           text NOT NULL,
    name_zh        text NOT NULL DEFAULT '',
    unit           text NOT NULL DEFAULT 'each' CHECK (unit IN ('each', 'kg')),
    unit_weight_g  double precision CHECK (unit_weight_g > 0),
    unit_spread_g  double precision NOT NULL DEFAULT 0 CHECK (unit_spread_g >= 0),
    case_units     integer CHECK (case_units > 0),
    owner          text NOT NULL DEFAULT '',
    picture        text NOT NULL DEFAULT ''
);
COMMENT ON TABLE product IS 'writer: cloud';
COMMENT ON COLUMN product.unit_weight_g IS 'mean weight of one unit; null where only tags count it';
COMMENT ON COLUMN product.unit_spread_g IS 'standard deviation of single units';

CREATE TABLE product_gtin (
    gtin       text PRIMARY KEY CHECK (gtin ~ '^[0-9]{14}$'),
    sku        text NOT NULL REFERENCES product,
    is_case    boolean NOT NULL DEFAULT false
);
CREATE INDEX ON product_gtin (sku);
COMMENT ON TABLE product_gtin IS 'writer: cloud';

CREATE TABLE price (
    sku         text NOT NULL REFERENCES product,
    store       text NOT NULL REFERENCES store,
    channel     text NOT NULL DEFAULT 'store',
    amount_minor integer NOT NULL CHECK (amount_minor >= 0),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from  timestamptz NOT NULL,
    PRIMARY KEY (sku, store, channel, valid_from)
);
COMMENT ON TABLE price IS 'writer: cloud';
COMMENT ON COLUMN price.amount_minor IS 'cents, fen: the smallest unit of the currency';

-- The planogram that holds: the newest version of a store whose valid_from is not in the future.
CREATE TABLE planogram (
    planogram_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store        text NOT NULL REFERENCES store,
    valid_from   timestamptz NOT NULL,
    imported_at  timestamptz NOT NULL
);
CREATE INDEX ON planogram (store, valid_from);
COMMENT ON TABLE planogram IS 'writer: cloud';

CREATE TABLE planogram_position (
    planogram_id bigint NOT NULL REFERENCES planogram,
    position     text NOT NULL,
    sku          text NOT NULL REFERENCES product,
    bay          text NOT NULL,
    shelf        text NOT NULL,
    plates       text[] NOT NULL DEFAULT '{}',
    zones        text[] NOT NULL DEFAULT '{}',
    capacity     integer NOT NULL CHECK (capacity > 0),
    low_units    integer NOT NULL CHECK (low_units >= 0),
    PRIMARY KEY (planogram_id, position)
);
COMMENT ON TABLE planogram_position IS 'writer: cloud';

-- The positions of every store by the planogram that holds at a time: a planogram for tomorrow changes nothing today.
-- A position with neither plate nor zone is an unsensed display.
CREATE FUNCTION position_at(at timestamptz) RETURNS TABLE (
    store text, "position" text, sku text, bay text, shelf text, plates text[], zones text[], capacity integer,
    low_units integer, planogram_id bigint) LANGUAGE sql STABLE AS $$
    SELECT p.store, q.position, q.sku, q.bay, q.shelf, q.plates, q.zones, q.capacity, q.low_units, q.planogram_id
    FROM (SELECT DISTINCT ON (store) store, planogram_id FROM planogram WHERE valid_from <= at
          ORDER BY store, valid_from DESC, planogram_id DESC) p
    JOIN planogram_position q USING (planogram_id)
$$;

-- Counts by people: append-only evidence with the time it holds from. place: shelf, display, backroom.
CREATE TABLE manual_count (
    count_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store      text NOT NULL REFERENCES store,
    place      text NOT NULL CHECK (place IN ('shelf', 'display', 'backroom')),
    position   text NOT NULL DEFAULT '',
    sku        text NOT NULL REFERENCES product,
    units      integer NOT NULL CHECK (units >= 0),
    holds_from timestamptz NOT NULL,
    counted_by text NOT NULL
);
CREATE INDEX ON manual_count (store, count_id);
COMMENT ON TABLE manual_count IS 'writer: cloud';

-- Raised by the cloud whenever something the gateway counts with changed; the gateway polls it (one row a store).
CREATE TABLE evidence_version (
    store    text PRIMARY KEY REFERENCES store,
    version  bigint NOT NULL
);
COMMENT ON TABLE evidence_version IS 'writer: cloud';
