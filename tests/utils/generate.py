# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the parts of committed files that have a table elsewhere; ``--check`` only says which are stale, and fails then.

plugins/doc_fragments/_definition.py       the option ``definition``, whole file
roles/*/meta/argument_specs.yml            between "# definition: begin" and "# definition: end", at the marker's indentation
docs/modules-and-states.md                 between "<!-- states: begin -->" and "<!-- states: end -->"
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import textwrap
import typing as t

import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import definition_documentation
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import STATES, TRANSITIONS

ROOT = pathlib.Path(__file__).resolve().parents[2]
LICENCE = """\
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""
DESCRIPTION = "The definition of the identity. Names credentials, holds none. Times are seconds."


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as yamllint asks, and never uses references."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


def as_yaml(value: t.Any, indent: int = 0) -> str:
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=140 - indent, allow_unicode=True)
    return textwrap.indent(text, " " * indent)


def doc_fragment() -> str:
    """The documentation fragment ``continuity.identity_failover._definition``."""
    option = {"definition": {"description": [DESCRIPTION], "type": "dict", "suboptions": definition_documentation("suboptions")}}
    return (
        f"{LICENCE}\n# Made by tests/utils/generate.py from plugins/module_utils/_domain/definition_schema.py.\n\n"
        "from __future__ import annotations\n\n\n"
        'class ModuleDocFragment:\n    DOCUMENTATION = r"""\n'
        f'options:\n{as_yaml(option, 2)}"""\n'
    )


def role_option(indent: int) -> str:
    """``failover_definition`` of a role's argument spec."""
    option = {"failover_definition": {"description": [DESCRIPTION], "type": "dict", "required": True, "options": definition_documentation("options")}}
    return as_yaml(option, indent)


def state_table() -> str:
    """The states of an identity as a table, and as a picture."""
    lines = ["", "| state | means | owner | leaves by |", "| --- | --- | --- | --- |"]
    for state in STATES:
        leaves = "; ".join(f"{row.because} → `{row.to}`" for row in TRANSITIONS if row.state == state.name)
        lines.append(f"| `{state.name}` | {state.means} | {state.owner} | {leaves} |")
    lines += ["", "```mermaid", "stateDiagram-v2", f"    [*] --> {STATES[0].name}"]
    lines += [f"    {row.state} --> {row.to}: {row.event}" for row in TRANSITIONS]
    return "\n".join([*lines, "```", "", ""])


def between(text: str, begin: str, end: str, made: t.Callable[[int], str], path: pathlib.Path) -> str:
    """The text with everything between each pair of marker lines replaced."""
    lines = text.splitlines(keepends=True)
    out: list[str] = []
    inside = False
    for line in lines:
        if line.strip() == end:
            if not inside:
                raise SystemExit(f"{path}: '{end}' without '{begin}' before it")
            inside = False
        if not inside:
            out.append(line)
        if line.strip() == begin:
            inside = True
            out.append(made(len(line) - len(line.lstrip())))
    if inside:
        raise SystemExit(f"{path}: '{begin}' without '{end}' behind it")
    return "".join(out)


def generated(root: pathlib.Path = ROOT) -> dict[pathlib.Path, str]:
    """Every file that has a made part, with the text that it should have."""
    found = {root / "plugins" / "doc_fragments" / "_definition.py": doc_fragment()}
    for path in sorted(root.glob("roles/*/meta/argument_specs.yml")):
        found[path] = between(path.read_text(encoding="utf-8"), "# definition: begin", "# definition: end", role_option, path)
    states = root / "docs" / "modules-and-states.md"
    found[states] = between(states.read_text(encoding="utf-8"), "<!-- states: begin -->", "<!-- states: end -->", lambda indent: state_table(), states)
    return found


def stale(root: pathlib.Path = ROOT) -> dict[pathlib.Path, str]:
    """Those of ``generated`` that do not have it."""
    return {path: text for path, text in generated(root).items() if not path.exists() or path.read_text(encoding="utf-8") != text}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when something is stale")
    arguments = parser.parse_args()
    changes = stale()
    for path, text in changes.items():
        print(f"{'stale' if arguments.check else 'made'}: {path.relative_to(ROOT)}")
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if arguments.check and changes else 0


if __name__ == "__main__":
    sys.exit(main())
