"""What the reasoner is given by the project: its rules, and how sentences name terms."""

from __future__ import annotations

from pathlib import Path

from kg.errors import BadData
from kg.namespaces import PREFIXES
from rlreason import Rule, RuleError, load_rules, make_term_formatter

#: where a project keeps its rules, below its root
RULES_FOLDER = Path("ontology", "rules", "owl2rl")
#: names a term by its CURIE where a prefix of the project fits
format_term = make_term_formatter(PREFIXES)


def load_project_rules(root: Path) -> tuple[Rule, ...]:
    """Read the rules of the project at `root`; keep them, the files are read each time.

    Raises BadData, located within the project, when a file is not a rule or none is there.
    """
    try:
        return load_rules(root / RULES_FOLDER)
    except RuleError as error:
        path = Path(error.file)
        hint = "See ontology/rules/README.md." if path.is_file() else "Point KG_ROOT at the project's folder."
        location = path.relative_to(root).as_posix()
        raise BadData(
            error.message, location=location, line=error.line, column=error.column, hint=hint
        ) from error
