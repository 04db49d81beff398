# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab whose zones are kept in a directory, and what tests ask of its domain controllers. Skipped where there is no KDC."""

from __future__ import annotations

import contextlib
import importlib
import os
import pathlib
import sys
import typing as t
from collections.abc import Iterator

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_gss, ldap_gss
from ansible_collections.continuity.identity_failover.tests.demo.project import Project
from ansible_collections.continuity.identity_failover.tests.lab.ldap import realm, rights
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

NAMES = ("mail.example.com", "autodiscover.example.com")
#: Write property, validated write, delete: what the lock denies (MS-ADTS 5.1.3.2).
DENIED = 0x00010028


@contextlib.contextmanager
def started(folder: pathlib.Path) -> Iterator[Lab]:
    """With Kerberos for this process and those that it starts."""
    with pytest.MonkeyPatch.context() as patch, Lab.start(folder, estate="active_directory") as lab:
        patch.setenv("KRB5_CONFIG", lab.info["active_directory"]["krb5_conf"])
        patch.setenv("KRB5CCNAME", f"FILE:{folder}/nobody-s-tickets")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(realm.PACKAGES)))))
        patch.setattr(sys, "path", [*sys.path, str(realm.PACKAGES)])
        gssapi = importlib.import_module("gssapi")
        importlib.import_module("gssapi.raw")
        # Imported without it, where another test of this process came first.
        patch.setattr(dns_gss, "gssapi", gssapi)
        patch.setattr(ldap_gss, "gssapi", gssapi)
        yield lab


def project(lab: Lab, folder: pathlib.Path, **dns: t.Any) -> Project:
    """The example project with Kerberos in the place of the TSIG key, and the lock; of the identity DNS is left, and what users need to arrive, as the rest has
    tests of its own. ``dns``: further options of the definition's ``dns``."""
    made = Project(folder, lab.dir, lab.info)
    path = folder / "inventory/group_vars/all/failover.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    mail = content["failover_identities"]["mail"]
    for part in ("addresses", "shares", "spns", "post_script"):
        del mail[part]
    del mail["databases"][1:]
    mail["dns"].update({"lock": {"account": "EXCH1$", "domain_controllers": controllers(lab)}, **dns})
    content["failover_credentials"]["dns"] = {"principal": "{{ vault_dns_principal }}", "password": "{{ vault_dns_password }}"}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return made


def descriptors(lab: Lab) -> dict[str, dict[str, bytes]]:
    """Domain controller -> name -> its security descriptor."""
    state = lab.state()["active_directory"]
    return {server: {name: bytes.fromhex(found) for name, found in one["descriptors"].items()} for server, one in state.items()}


def locked(lab: Lab) -> dict[str, list[str]]:
    """Domain controller -> the names that have one entry more, in the first place, which denies."""
    found = {}
    for server, names in descriptors(lab).items():
        first = {name: rights.parse(data).entries()[0] for name, data in names.items()}
        found[server] = sorted(name for name, one in first.items() if (one.kind, one.mask) == (rights.DENY, DENIED))
    return found


def changes(lab: Lab, attribute: str = "nTSecurityDescriptor") -> list[tuple[str, str]]:
    """Domain controller and first label of each successful change over LDAP."""
    made = [one for one in lab.control("trace", {"kind": "ldap"}) if one["operation"] == "change" and one["code"] == 0 and attribute in one["attributes"]]
    return [(one["host"], one["dn"].partition(",")[0].removeprefix("DC=")) for one in made]


def registrations(lab: Lab, host: str = "exch1") -> dict[str, str]:
    """The host registers its names now; name -> what its name server answered."""
    since = lab.control("status")["records"]
    lab.control("register", {"host": host})
    return registered(lab, since, host)


def registered(lab: Lab, since: int, host: str = "exch1") -> dict[str, str]:
    """What the host was answered for each name that it registered after that record of the trace."""
    effects = [one for one in lab.control("trace", {"since": since, "kind": "effect"}) if one["host"] == host]
    return {one["name"]: one["rcode"] for one in effects if one["effect"] in ("name_registered", "name_registration_failed")}


def controllers(lab: Lab) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", lab.info["active_directory"]["controllers"])


def kerberos(lab: Lab, **other: str) -> dict[str, str]:
    found = lab.info["active_directory"]
    return {"principal": found["principal"], "password": found["password"], **other}


def lock(lab: Lab, state: str, **options: t.Any) -> Result:
    """Of one name, by a task that stands alone."""
    params = {
        **runs.ALONE,
        "state": state,
        "lock": {"account": "EXCH1$", "names": [NAMES[0]], "domain_controllers": controllers(lab)},
        "kerberos": kerberos(lab),
        "require": "all",
        "verify_timeout": 5.0,
        **options,
    }
    return update_dns(params, FakeHosts(), SystemClock(), check_mode=False)
