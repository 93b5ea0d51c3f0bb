"""Routes of the HTTP application."""
