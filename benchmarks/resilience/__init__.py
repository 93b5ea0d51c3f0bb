"""What happens when things go wrong: the same trials for our server and for LitServe around our own network."""
