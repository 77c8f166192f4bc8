"""The pages of definitions: their list, their form, and what can be done with them."""
