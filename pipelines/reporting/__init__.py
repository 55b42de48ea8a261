"""What people look at: tracking, holdouts, plots and the report."""
