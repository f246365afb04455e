"""What is done with pairs that were found: entities, merged records, two records side by side."""
