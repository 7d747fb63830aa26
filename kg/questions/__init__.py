"""Pure: headers and typed parameters of the named questions."""
