"""What the reasoner is given by the project: its rules, and how sentences name terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pyoxigraph import Triple

from kg.errors import BadData
from kg.namespaces import PREFIXES
from rlreason import Rule, RuleError, load_rules, make_term_formatter

#: where a project keeps its rules, below its root
RULES_FOLDER = Path("ontology", "rules", "owl2rl")
#: where it keeps rules that no specification has, if any
OWN_RULES_FOLDER = Path("ontology", "rules", "own")
_ROOT_HINT = "Point KG_ROOT at the project's folder."
#: names a term by its CURIE where a prefix of the project fits
format_term = make_term_formatter(PREFIXES)


def load_project_rules(root: Path) -> tuple[Rule, ...]:
    """Read the rules of the project at `root`, its own included; keep them, the files are read each time.

    Raises BadData, located within the project, when a file is not a rule or none is there.
    """
    own = root / OWN_RULES_FOLDER
    try:
        rules = load_rules(root / RULES_FOLDER)
        if not any(own.rglob("*.rq")):
            return rules
        from rlreason import load_own_rules  # imports rdflib, which takes time to start

        return (*rules, *load_own_rules(own))
    except RuleError as error:
        hint = "See ontology/rules/README.md." if Path(error.file).is_file() else _ROOT_HINT
        raise _locate(error, Path(error.file).relative_to(root).as_posix(), hint) from error


def load_rules_at(path: Path, read_triples: Callable[[Sequence[Path]], Iterable[Triple]]) -> tuple[Rule, ...]:
    """Read rules of one's own: a folder of `.rq` files, or the SWRL and SHACL rules of an RDF file.

    `read_triples` reads RDF files of any format. Raises BadData when one is not supported or there is none.
    """
    from rlreason import load_own_rules, read_rdf_rules

    try:
        if path.is_dir():
            return load_own_rules(path)
        rules = read_rdf_rules(read_triples([path]), str(path))
    except RuleError as error:
        raise _locate(error, error.file, error.hint or "See ontology/rules/README.md.") from error
    if not rules:
        raise BadData("There is no SWRL rule and no SHACL rule in this file.", location=str(path))
    return rules


def _locate(error: RuleError, location: str, hint: str) -> BadData:
    return BadData(error.message, location=location, line=error.line, column=error.column, hint=hint)
