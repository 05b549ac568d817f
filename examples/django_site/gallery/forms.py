"""The upload form."""

from django import forms


class UploadForm(forms.Form):
    file = forms.FileField(label="A file")
