"""One small ontology of our own in every format: two classes, a synonym, a relation; and how to pack it."""

from __future__ import annotations

import bz2
import gzip
import io
import json

import zstandard

BASE = "http://purl.obolibrary.org/obo/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
SUB = "http://www.w3.org/2000/01/rdf-schema#subClassOf"

NT = f"""<{BASE}ZZ_1> <{LABEL}> "gadget" .
<{BASE}ZZ_2> <{LABEL}> "widget" .
<{BASE}ZZ_2> <{SUB}> <{BASE}ZZ_1> .
"""
OBO = """format-version: 1.2
data-version: 2.5
ontology: zz
property_value: dcterms:license "CC0" xsd:string

[Term]
id: ZZ:1
name: gadget

[Term]
id: ZZ:2
name: widget
def: "A small gadget." [ZZ:me]
synonym: "wee gadget" EXACT []
xref: MESH:D000001
is_a: ZZ:1 ! gadget
relationship: part_of ZZ:1 ! gadget

[Term]
id: ZZ:3
name: old widget
is_obsolete: true
replaced_by: ZZ:2

[Typedef]
id: part_of
name: part of
xref: BFO:0000050
"""
TURTLE = f"""@prefix obo: <{BASE}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
obo:ZZ_1 rdfs:label "gadget" .
obo:ZZ_2 rdfs:label "widget" ; rdfs:subClassOf obo:ZZ_1 .
"""
TRIG = f"""@prefix obo: <{BASE}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
obo:g {{ obo:ZZ_1 rdfs:label "gadget" . obo:ZZ_2 rdfs:label "widget" ; rdfs:subClassOf obo:ZZ_1 . }}
"""
NQUADS = NT.replace(" .\n", f" <{BASE}g> .\n")
JSONLD = json.dumps(
    [
        {"@id": f"{BASE}ZZ_1", LABEL: [{"@value": "gadget"}]},
        {"@id": f"{BASE}ZZ_2", LABEL: [{"@value": "widget"}], SUB: [{"@id": f"{BASE}ZZ_1"}]},
    ]
)
RDFXML = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
  xmlns:owl="http://www.w3.org/2002/07/owl#">
<owl:Class rdf:about="{BASE}ZZ_1"><rdfs:label>gadget</rdfs:label></owl:Class>
<owl:Class rdf:about="{BASE}ZZ_2"><rdfs:label>widget</rdfs:label>
<rdfs:subClassOf rdf:resource="{BASE}ZZ_1"/></owl:Class>
</rdf:RDF>
"""
FUNCTIONAL = f"""Prefix(owl:=<http://www.w3.org/2002/07/owl#>)
Prefix(rdfs:=<http://www.w3.org/2000/01/rdf-schema#>)
Ontology(<{BASE}zz.owl>
Declaration(Class(<{BASE}ZZ_1>))
Declaration(Class(<{BASE}ZZ_2>))
AnnotationAssertion(rdfs:label <{BASE}ZZ_1> "gadget")
AnnotationAssertion(rdfs:label <{BASE}ZZ_2> "widget")
SubClassOf(<{BASE}ZZ_2> <{BASE}ZZ_1>)
)
"""
MANCHESTER = f"""Prefix: owl: <http://www.w3.org/2002/07/owl#>
Prefix: rdfs: <http://www.w3.org/2000/01/rdf-schema#>
Ontology: <{BASE}zz.owl>
Class: <{BASE}ZZ_1>
    Annotations: rdfs:label "gadget"
Class: <{BASE}ZZ_2>
    Annotations: rdfs:label "widget"
    SubClassOf: <{BASE}ZZ_1>
"""
OWLXML = f"""<?xml version="1.0"?>
<Ontology xmlns="http://www.w3.org/2002/07/owl#" ontologyIRI="{BASE}zz.owl">
<Prefix name="rdfs" IRI="http://www.w3.org/2000/01/rdf-schema#"/>
<Declaration><Class IRI="{BASE}ZZ_1"/></Declaration>
<Declaration><Class IRI="{BASE}ZZ_2"/></Declaration>
<SubClassOf><Class IRI="{BASE}ZZ_2"/><Class IRI="{BASE}ZZ_1"/></SubClassOf>
<AnnotationAssertion><AnnotationProperty abbreviatedIRI="rdfs:label"/>
<IRI>{BASE}ZZ_1</IRI><Literal>gadget</Literal>
</AnnotationAssertion>
<AnnotationAssertion><AnnotationProperty abbreviatedIRI="rdfs:label"/>
<IRI>{BASE}ZZ_2</IRI><Literal>widget</Literal>
</AnnotationAssertion>
</Ontology>
"""
OBOGRAPH = json.dumps(
    {
        "graphs": [
            {
                "id": f"{BASE}zz.owl",
                "nodes": [
                    {"id": f"{BASE}ZZ_1", "lbl": "gadget", "type": "CLASS"},
                    {"id": f"{BASE}ZZ_2", "lbl": "widget", "type": "CLASS"},
                ],
                "edges": [{"sub": f"{BASE}ZZ_2", "pred": "is_a", "obj": f"{BASE}ZZ_1"}],
            }
        ]
    }
)
SSSOM = f"""#curie_map:
#  ZZ: {BASE}ZZ_
#mapping_set_id: https://example.org/zz
#license: https://creativecommons.org/publicdomain/zero/1.0/
subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\tmapping_justification
ZZ:2\twidget\tskos:exactMatch\tZZ:1\tgadget\tsemapv:ManualMappingCuration
"""
CSV = "Code,Name,Other\n1,gadget,\n2,widget,wee gadget|tiny gadget\n"

#: file name -> content; every format by the name people give it
FILES = {
    "zz.obo": OBO,
    "zz.json": OBOGRAPH,
    "zz.owl": RDFXML,
    "zz.owx": OWLXML,
    "zz.ofn": FUNCTIONAL,
    "zz.omn": MANCHESTER,
    "zz.ttl": TURTLE,
    "zz.nt": NT,
    "zz.nq": NQUADS,
    "zz.trig": TRIG,
    "zz.jsonld": JSONLD,
    "zz.sssom.tsv": SSSOM,
}


def packed(data: bytes, how: str) -> bytes:
    """Return `data` packed as gzip, bzip2 or Zstandard by its suffix."""
    if how == ".gz":
        out = io.BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file:
            file.write(data)
        return out.getvalue()
    if how == ".bz2":
        return bz2.compress(data)
    return zstandard.ZstdCompressor().compress(data) if how == ".zst" else data
