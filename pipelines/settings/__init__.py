"""What a scheduled run is asked for: the settings file, checked, and how one is begun."""
