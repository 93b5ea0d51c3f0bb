"""Batches on a Ray cluster of several nodes on this machine: same rows, speed, losses, memory."""
