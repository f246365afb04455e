"""The model card, and what weighs two records by it: in Python, as SQL, over batches of Arrow."""
