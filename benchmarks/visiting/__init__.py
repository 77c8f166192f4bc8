"""Visiting the admin's pages as a logged-in person does, without a server in between."""
