"""Annotated sentences from and to annotation tools and tables."""
