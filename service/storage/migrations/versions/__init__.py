"""One module a revision; revisions are numbered, so that a newer one is greater."""
