"""The pages of the history: the list of runs, and the page of each."""
