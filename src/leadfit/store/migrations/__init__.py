"""Migrations of the store; run by :func:`leadfit.store.migrate.migrate`."""
