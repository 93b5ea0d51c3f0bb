"""The process that holds the model, and how the HTTP process talks to it."""
