"""Batches of any size: partitions of the input to parts of the output, each exactly once, on one machine or many."""
