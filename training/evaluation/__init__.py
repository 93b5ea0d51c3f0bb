"""Metrics, baselines, swap test and reports."""

from training.evaluation.report import Report
from training.evaluation.run import Options, evaluate

__all__ = ["Options", "Report", "evaluate"]
