"""What is stored: uploaded files with what identifies them."""

from django.db import models


class StoredFile(models.Model):
    name = models.CharField(max_length=255, help_text="as the browser sent it")
    file = models.FileField(upload_to="%Y/%m")
    size = models.PositiveBigIntegerField(help_text="bytes")
    sha256 = models.CharField("SHA-256", max_length=64)
    uploaded = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-uploaded", "-pk")

    def __str__(self):
        return self.name
