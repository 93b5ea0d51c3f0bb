"""A report on annotated data: counts, lengths, duplicates, leakage, contradictions and suspicious labels."""
