"""The forecasting report: one page that follows a reader's questions, in the reader's language."""
