"""Somebody's own forward and backward, held against the description that they claim to be."""

from isograd.checking.entrance import check_operation
from isograd.checking.report import Criterion, Finding, OperationReport

__all__ = ["Criterion", "Finding", "OperationReport", "check_operation"]
