"""Ways to send a message: by mail, to a webhook, through Apprise."""
