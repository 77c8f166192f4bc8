"""What browser tests share: a browser, windows in it, and sites to open there."""
