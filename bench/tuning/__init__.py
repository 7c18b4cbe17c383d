"""Equal-budget tuning: the search for settings, and the settings that it found."""
