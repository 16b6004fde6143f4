"""The agent on the Pi: bits of sensors come in, numbered records that survive a power cut go out to the gateway."""
