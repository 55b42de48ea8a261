"""What a run leaves for its readers: tables, workbook, database, report, and all of it at once."""
