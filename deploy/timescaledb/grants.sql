-- The role of Grafana: it reads what its dashboard shows, and no people, keys or sessions.
\getenv password READER_PASSWORD
SELECT 'CREATE ROLE liveshelf_reader LOGIN' WHERE NOT EXISTS (
    SELECT FROM pg_roles WHERE rolname = 'liveshelf_reader'
) \gexec
ALTER ROLE liveshelf_reader PASSWORD :'password';
ALTER ROLE liveshelf_reader SET statement_timeout = '30s';
ALTER ROLE liveshelf_reader SET default_transaction_read_only = on;
GRANT USAGE ON SCHEMA public TO liveshelf_reader;
GRANT SELECT ON store, device_seen, device_part, reading, gap, load, position_quantity, shortage, shelf_event,
    replenishment_order TO liveshelf_reader;
-- Not who took a task, and not what a payload holds.
GRANT SELECT (store, kind, position, sku, state, opened_at, closed_at) ON task TO liveshelf_reader;
GRANT SELECT (topic, device, reason, detail, times, first_at, last_at) ON dead_letter TO liveshelf_reader;
