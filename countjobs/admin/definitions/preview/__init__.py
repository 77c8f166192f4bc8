"""The preview: what a schedule means, while it is being filled in."""
