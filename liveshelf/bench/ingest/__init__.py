"""How fast readings get from MQTT into the database, exactly once, beside what broker and database could take."""
