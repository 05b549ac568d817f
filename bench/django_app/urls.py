"""Every path leads to the one view, so that the benchmark's varied paths all reach it."""

from django.urls import re_path

from bench.django_app.views import page

urlpatterns = [re_path("", page)]
