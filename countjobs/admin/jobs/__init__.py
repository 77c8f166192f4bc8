"""The page “Jobs”: the definitions of all kinds, and the jobs from code, in one list."""
