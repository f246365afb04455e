"""Rules: what an id, an address, a phone number or a domain proves of a signal."""
