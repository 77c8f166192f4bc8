"""The banner: problems that concern everybody who may see the pages."""
