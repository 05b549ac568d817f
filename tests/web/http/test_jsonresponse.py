"""Responses of JSON."""

import datetime as dt
import json

import pytest

from penstock.web.http import JsonResponse


def test_document_is_json_of_its_type():
    response = JsonResponse({"a": [1, "é"], "day": dt.date(2020, 1, 2)})
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == {"a": [1, "é"], "day": "2020-01-02"}


def test_list_is_refused_unless_it_is_called_safe():
    with pytest.raises(TypeError, match="set the safe parameter to False"):
        JsonResponse([1])
    assert JsonResponse([1], safe=False).content == b"[1]"


def test_encoder_type_and_parameters_can_be_chosen():
    class Encoder(json.JSONEncoder):
        def default(self, _o):
            return "strange"

    response = JsonResponse(
        {"a": object()}, encoder=Encoder, json_dumps_params={"indent": 1}, content_type="application/x+json"
    )
    assert response.content == b'{\n "a": "strange"\n}'
    assert response["Content-Type"] == "application/x+json"
