"""What we tell the brokers we start ourselves: loopback only, our payloads fit, nothing is dropped unnoticed.

Delivery does not rest on the broker (design section 4), so neither keeps anything on disk.
"""

from __future__ import annotations

from contract.records import PAYLOAD_BYTES_MAX

HOST = "127.0.0.1"
PACKET_BYTES_MAX = 2 * PAYLOAD_BYTES_MAX
"""Topic and header come on top of a payload; a payload that is too large reaches the gateway, which says so."""

AUTOSAVE_S = 5

MOSQUITTO = """\
listener {port} {host}
allow_anonymous true
persistence false
# Who sends a larger packet is disconnected; without a limit one client could fill the memory.
max_packet_size {packet_bytes_max}
# The default of 1000 drops in silence. A device's window is far smaller than this, and 0 (no limit) had bugs of its own
# (eclipse-mosquitto issues 1956, 2879, 3244).
max_queued_messages 100000
max_queued_bytes 67108864
max_inflight_messages 1000
# A hard end before the machine swaps.
memory_limit 268435456
set_tcp_nodelay true
sys_interval 10
connection_messages false
log_dest stderr
log_type error
log_type warning
"""

# Small segments: the defaults hold up to 982 MB. Fewer or smaller ones lose messages of slow subscribers.
IOTCORE = """\
id = 0

[router]
id = 0
max_connections = 1010
max_outgoing_packet_count = 200
max_segment_size = 4194304
max_segment_count = 8

[v4.1]
name = "liveshelf"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {packet_bytes_max}
max_inflight_count = 500
dynamic_filters = true
"""


KEPT_FOLDER = "data"
"""Where a mosquitto that keeps something keeps it, beside its configuration."""


def mosquitto_configuration(port: int, *, keeps: bool = False) -> str:
    """Return mosquitto.conf for a private broker on a loopback port (mosquitto 2.0 and 2.1).

    One that `keeps` writes its retained messages to `KEPT_FOLDER` every few seconds, as others do: after a
    kill it comes back with old ones.
    """
    common = MOSQUITTO.format(host=HOST, port=port, packet_bytes_max=PACKET_BYTES_MAX)
    if not keeps:
        return common
    kept = f"persistence true\npersistence_location {KEPT_FOLDER}/\nautosave_interval {AUTOSAVE_S}"
    return common.replace("persistence false", kept)


def iotcore_configuration(port: int) -> str:
    """Return the TOML of a private rumqttd on a loopback port, MQTT 3.1.1."""
    return IOTCORE.format(host=HOST, port=port, packet_bytes_max=PACKET_BYTES_MAX)
