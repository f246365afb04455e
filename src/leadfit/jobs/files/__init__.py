"""Files that are read and written: tables, records to be matched, model cards, plans."""
