"""From a log density to draws with a verdict. It knows no model."""
