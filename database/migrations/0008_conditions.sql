-- What screens read: whether the gateway hears its broker, and what happened in a store, newest first.

CREATE TABLE gateway_link (
    store      text PRIMARY KEY,
    connected  boolean NOT NULL,
    since      timestamptz NOT NULL
);
COMMENT ON TABLE gateway_link IS 'writer: gateway; since is shop time; true only while the gateway itself is there';

-- The planogram that holds in a store at a time; null when none does.
CREATE FUNCTION planogram_of(asked_store text, at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT planogram_id FROM planogram WHERE store = asked_store AND valid_from <= at
    ORDER BY valid_from DESC, planogram_id DESC LIMIT 1
$$;

CREATE INDEX shelf_event_store ON shelf_event (store, time);
CREATE INDEX change_work ON change (store, number) WHERE kind IN ('task', 'order');
CREATE INDEX manual_count_position ON manual_count (store, position, count_id);
CREATE INDEX task_closed ON task (store, closed_at);
CREATE INDEX order_closed ON replenishment_order (store, closed_at);
