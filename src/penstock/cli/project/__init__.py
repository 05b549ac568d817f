"""Commands for a project of penstock.web: make one, check it, show its routes, migrate it."""
