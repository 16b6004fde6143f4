-- Places that are being fitted: where each wizard stands, so that another phone, or the next day, goes on there.

CREATE TABLE commissioning (
    store      text NOT NULL,
    position   text NOT NULL,
    course     jsonb NOT NULL,
    step       text NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    busy_until timestamptz,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    PRIMARY KEY (store, position)
);
COMMENT ON TABLE commissioning IS 'writer: cloud; busy_until is wall time: until then one page measures and others look on';
