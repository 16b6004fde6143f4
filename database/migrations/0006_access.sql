-- Who may ask. Writer: cloud.

CREATE TABLE api_key (
    prefix     text PRIMARY KEY,
    hash       bytea NOT NULL,
    name       text NOT NULL,
    scopes     text[] NOT NULL,
    stores     text[] NOT NULL,
    made_at    timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE api_key IS 'writer: cloud; hash is SHA-256 of the whole key, which is shown once; stores {*} means all';
