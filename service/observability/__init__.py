"""What is seen of the service from outside: metrics, logs and traces, without a word of anybody's text."""
