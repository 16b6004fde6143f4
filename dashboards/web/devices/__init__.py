"""The health of devices: every part with its verdict, what was measured, and what a person does about it."""
