"""What Django's `runserver` stands on; sites are served by `penstock serve`."""
