"""The pages of definitions that call functions and commands."""
