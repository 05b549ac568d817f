from django.urls import path, re_path

from . import views

app_name = "notices"
urlpatterns = [
    path("", views.index, name="index"),
    path("<int:number>/", views.NoticeView.as_view(), name="detail"),
    re_path(r"^year/(?P<year>[0-9]{4})/$", views.year, name="year"),
    path("secret/", views.secret, name="secret"),
]
