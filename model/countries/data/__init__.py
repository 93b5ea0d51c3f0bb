"""Data files of the country finder; `README.md` explains each."""
