"""Country and bloc finding: deterministic, explained, without network."""
