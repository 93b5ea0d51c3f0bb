"""Text in, stances out: sentences, entities, encoding, runtime, classifier. Runs without torch."""
