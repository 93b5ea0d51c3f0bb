"""From annotated sentences to a model directory and an evaluation report. Needs the extra ``train``."""
