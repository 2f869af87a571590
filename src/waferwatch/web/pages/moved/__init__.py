"""Addresses of before."""
