"""Speed and quality, measured against the limits of the machine and against what a user would pick instead."""
