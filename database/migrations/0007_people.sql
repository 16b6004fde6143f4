-- People who log in, the sessions of their browsers, and how often somebody was wrong. Writer: cloud.
-- Times of sessions, PINs and wrong tries are wall time: people sit before a screen, whatever the shop's clock does.

CREATE TABLE person (
    person_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL UNIQUE,
    name          text NOT NULL,
    role          text NOT NULL
        CHECK (role IN ('staff', 'installer', 'manager', 'developer', 'loss_prevention', 'admin')),
    stores        text[] NOT NULL CHECK (cardinality(stores) > 0),
    language      text,
    password_hash text NOT NULL,
    made_at       timestamptz NOT NULL,
    disabled_at   timestamptz
);
COMMENT ON TABLE person IS 'writer: cloud; login trimmed and in small letters; password_hash is Argon2id; stores {*} means all';

CREATE TABLE session (
    digest    bytea PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    made_at   timestamptz NOT NULL,
    seen_at   timestamptz NOT NULL
);
CREATE INDEX ON session (person_id, seen_at);
CREATE INDEX ON session (seen_at);
COMMENT ON TABLE session IS 'writer: cloud; digest is SHA-256 of the token only the browser has; wall time';

CREATE TABLE login_pin (
    person_id  bigint PRIMARY KEY REFERENCES person ON DELETE CASCADE,
    digest     bytea NOT NULL UNIQUE,
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE login_pin IS 'writer: cloud; digest is Argon2id of six digits, salted by the database epoch; wall time';

-- Wrong tries that are not forgiven yet, of a log-in from an address, of an address, and of all PINs.
CREATE TABLE login_attempt (
    scope         text NOT NULL CHECK (scope IN ('address', 'login', 'pin')),
    subject       bytea NOT NULL,
    level         double precision NOT NULL,
    counted_at    timestamptz NOT NULL,
    blocked_until timestamptz,
    PRIMARY KEY (scope, subject)
);
CREATE INDEX ON login_attempt (counted_at);
COMMENT ON TABLE login_attempt IS 'writer: cloud; subject is SHA-256 of what is counted; wall time';
