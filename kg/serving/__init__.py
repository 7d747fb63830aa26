"""Delivery: the production server around the application."""
