"""Which products, categories and channels bring customers of what value."""
