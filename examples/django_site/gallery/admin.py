"""The stored files in the admin."""

from django.contrib import admin

from gallery.models import StoredFile
from gallery.views import measure


@admin.register(StoredFile)
class StoredFileAdmin(admin.ModelAdmin):
    list_display = ("name", "size", "sha256", "uploaded")
    search_fields = ("name", "sha256")
    readonly_fields = ("size", "sha256", "uploaded")

    def save_model(self, request, obj, form, change):
        if "file" in form.changed_data:
            obj.size, obj.sha256 = measure(obj.file)
        super().save_model(request, obj, form, change)
