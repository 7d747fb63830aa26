"""Delivery: the production server around the application: processes, answer cache, compression, reload."""
