"""A response of JSON.

In:     a document as dicts, lists and values.
Out:    a response of type application/json.
Never:  decides how dates and decimals look (core/serializers/json.py).
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from penstock.web.core.serializers.json import DjangoJSONEncoder
from penstock.web.http.content import HttpResponse

# json.dumps makes an encoder for each document; this one keeps nothing of what it encodes.
_encode: Final = DjangoJSONEncoder().encode


class JsonResponse(HttpResponse):
    """An answer in JSON.

    Args:
        data: the document.
        encoder: for what the json module does not know.
        safe: only dicts; old browsers let other sites read what begins with "[".
        json_dumps_params: further arguments of json.dumps.
        kwargs: as of HttpResponse.

    Raises:
        TypeError: not a dict though `safe`; a value that the encoder does not know.
    """

    def __init__(
        self,
        data: Any,
        encoder: type[json.JSONEncoder] = DjangoJSONEncoder,
        safe: bool = True,
        json_dumps_params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("content_type", "application/json")
        if not isinstance(data, dict) and safe:
            raise TypeError(
                "In order to allow non-dict objects to be serialized set the safe parameter to False."
            )
        if encoder is DjangoJSONEncoder and not json_dumps_params:
            document = _encode(data)
        else:
            document = json.dumps(data, cls=encoder, **(json_dumps_params or {}))
        super().__init__(document, **kwargs)
