"""Stores and endpoints on other hosts."""
