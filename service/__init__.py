"""Delivery: FastAPI application, command line, settings."""
