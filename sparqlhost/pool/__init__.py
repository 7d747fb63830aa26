"""The process pool that runs queries which may be killed."""
