"""Storage of corrections and of the review queue, in SQLite or PostgreSQL."""
