"""The store: event log, people, accounts, leads, decisions, slots, clocks and outbox."""
