"""The red banner: what is wrong and concerns everybody who may see the pages."""
