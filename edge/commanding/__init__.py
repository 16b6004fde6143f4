"""What a device is asked to do: commands come in from broker and socket, the sampling thread does
them, answers go out.
"""
