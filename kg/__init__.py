"""A knowledge graph of what one 2014 text says about refractory or relapsed adult ALL."""
