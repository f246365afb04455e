"""Lists of accounts, scored many rows at once."""
