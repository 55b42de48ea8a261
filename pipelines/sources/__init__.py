"""Where orders come from: files, databases, and the copy that a run works on."""
