"""Decisions on record: made again, verified, compared with what others would have decided."""
