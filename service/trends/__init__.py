"""Stances and relations over time, from the parts of a batch: tables and a report."""
