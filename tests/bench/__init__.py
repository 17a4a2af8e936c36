"""Speed as ratios measured in one run: each subject in a process of its own, on the same records, in CPU seconds."""
