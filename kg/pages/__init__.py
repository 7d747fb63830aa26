"""The web pages: a folder a page, the parts they share, and `app.create_app`."""
