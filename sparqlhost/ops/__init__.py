"""Running the service: server, cache, compression, logs, metrics, health, backup."""
