"""People who log in: who they are, what their role lets them do, and the sessions of their browsers."""
