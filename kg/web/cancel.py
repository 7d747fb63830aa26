"""`POST /sparql/cancel`: stop the work on a query, by the id its asker gave it in `X-Query-Id`."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from kg.errors import NotFound
from kg.web.endpoint import get_sparql_service
from kg.web.parameters import read_form_parameters
from kg.web.sparql import parse_query_id

cancel_blueprint = Blueprint("cancel", __name__)
_MAX_CANCEL_BODY_BYTES = 1000


@cancel_blueprint.post("/sparql/cancel")
def cancel_query() -> Response:
    """Answer `{"cancelled": id}`; an id is known to its asker only, so no other right is needed."""
    job = parse_query_id(read_form_parameters(request, _MAX_CANCEL_BODY_BYTES).get("id", [""])[-1])
    if not job or not get_sparql_service().cancel(job):
        raise NotFound(
            "No query of that id is running.",
            location="id",
            hint="Send the 16 hexadecimal digits that went with the query as X-Query-Id.",
        )
    answer = json.dumps({"cancelled": job}) + "\n"
    return Response(answer, content_type="application/json", headers={"Cache-Control": "no-store"})
