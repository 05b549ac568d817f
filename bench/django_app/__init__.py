"""One real Django view behind the middlewares that `django-admin startproject` sets up."""
