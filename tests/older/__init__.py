"""An older release, as far as a scheduler sees it: an app is not installed there."""
