"""That every lead has an owner who answers in time: clocks, open leads, overrides, reports."""
