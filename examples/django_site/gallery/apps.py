"""The demonstration's one application."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "gallery"
