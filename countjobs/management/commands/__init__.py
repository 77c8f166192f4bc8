"""One module for each command, where Django looks for them."""
