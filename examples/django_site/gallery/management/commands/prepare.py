"""`manage.py prepare`: the database and a demonstration user, made once."""

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate the database and make the demonstration user admin / admin"

    def handle(self, *args, **options):
        call_command("migrate", verbosity=0)
        users = get_user_model().objects
        if not users.filter(username="admin").exists():
            users.create_superuser("admin", "admin@example.invalid", "admin")
