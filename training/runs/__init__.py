"""Many training runs together: seeds, folds, shares of the data, and the search for settings."""
