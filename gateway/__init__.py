"""The gateway: MQTT in, counted readings out to the store. The story is `loader.py`."""
