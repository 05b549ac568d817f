"""The site's addresses."""

from django.contrib import admin
from django.urls import path
from gallery import views

urlpatterns = [
    path("", views.start, name="start"),
    path("files/", views.files, name="files"),
    path("files/<int:number>/", views.download, name="download"),
    path("report.csv", views.report, name="report"),
    path("slow/", views.slow, name="slow"),
    path("error/", views.error, name="error"),
    path("admin/", admin.site.urls),
]
