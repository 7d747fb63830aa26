"""Use case: importing ontologies, finding and judging candidates for links."""
