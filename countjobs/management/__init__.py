"""The app's commands: each parses its options, and calls what does the work."""
