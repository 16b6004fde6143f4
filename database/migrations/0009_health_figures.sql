-- What a device measured of its parts, beside the verdict: figures by name, unit last (rate_sps, cpu_c).

ALTER TABLE health_event ADD COLUMN measured jsonb NOT NULL DEFAULT '{}';
ALTER TABLE health_current ADD COLUMN measured jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN health_event.measured IS 'figures by name, unit last; what there is: docs/reference/health.md';
COMMENT ON COLUMN health_current.measured IS 'figures by name, unit last; what there is: docs/reference/health.md';
