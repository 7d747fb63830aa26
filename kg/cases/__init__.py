"""Pure: what the text raises, blocks or leaves open for the features of a case.

Never stored, never logged.
"""
