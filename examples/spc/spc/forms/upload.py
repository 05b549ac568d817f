"""Uploading a file of measurements.

What stands in the file is checked later, row by row (imports/); here is said what can be said at once.
"""

from wtforms import FileField, Form, ValidationError


class UploadForm(Form):
    """One file; `file.data` is an uploaded file of penstock.web."""

    file = FileField("File", render_kw={"accept": ".csv,.parquet,text/csv", "required": True})

    def validate_file(self, field):
        if not field.data:
            raise ValidationError("Choose a file")
        if not field.data.size:
            raise ValidationError(f"{field.data.name!r} is empty; expected a header and measurements")
