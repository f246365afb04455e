"""Facts that are bought: calls, what they came to and cost, how right they are."""
