"""Face to face: what each text says of the same things in one situation."""
