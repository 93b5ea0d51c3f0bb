"""The ``entity-stance`` command line."""
