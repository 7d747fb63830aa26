"""Pure: SSSOM rows, their canonical form and what they resolve."""
