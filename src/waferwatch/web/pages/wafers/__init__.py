"""Wafers and problems of a finished detection."""
