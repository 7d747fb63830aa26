"""`POST /sparql/cancel`: stop the work on a query, by the id its asker gave it in `X-Query-Id`."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from kg.errors import NotFound
from kg.web.endpoint import endpoint
from kg.web.parameters import in_body
from kg.web.sparql import asked_id

blueprint = Blueprint("cancel", __name__)
_BODY = 1000


@blueprint.post("/sparql/cancel")
def cancel() -> Response:
    """Answer `{"cancelled": id}`; an id is known to its asker only, so no other right is needed."""
    job = asked_id(in_body(request, _BODY).get("id", [""])[-1])
    if not job or not endpoint().cancel(job):
        raise NotFound(
            "No query of that id is running.",
            where="id",
            todo="Send the 16 hexadecimal digits that went with the query as X-Query-Id.",
        )
    answer = json.dumps({"cancelled": job}) + "\n"
    return Response(answer, content_type="application/json", headers={"Cache-Control": "no-store"})
