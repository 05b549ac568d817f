"""Objects as text; for models Django has more here, and there are none."""
