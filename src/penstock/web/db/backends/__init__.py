"""What is special about each kind of database; the names are those of Django's ENGINE."""
