"""What a number of sentences takes in cores, hours and money, from rates that are measured here."""
