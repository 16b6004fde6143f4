"""Accounts: a person and the own password; for administrators everybody."""
