"""Annotated sentences from where people have them: JSON Lines, tables, pair rows, data sets of the hub."""
