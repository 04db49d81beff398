# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, adapters, a registry and shares for a FakeSession."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession

Keys = t.Mapping[str, t.Any]
CIMV2 = "root/StandardCimv2"
SMB = "root/Microsoft/Windows/SMB"


def address(plain: str, interface: str = "Ethernet", index: int = 7, state: int = 4, prefix: int = 24, **more: t.Any) -> dict[str, t.Any]:
    keys = {"Name": f"{index};{plain}", "CreationClassName": "", "SystemCreationClassName": "", "SystemName": ""}
    return {
        "IPAddress": plain,
        "PrefixLength": prefix,
        "InterfaceAlias": interface,
        "InterfaceIndex": index,
        "AddressState": state,
        "SkipAsSource": False,
        "Store": 1,
        **keys,
        **more,
    }


def adapter(alias: str = "Ethernet", index: int = 7, dhcp: int = 0, family: int = 2) -> dict[str, t.Any]:
    return {"InterfaceAlias": alias, "InterfaceIndex": index, "Dhcp": dhcp, "AddressFamily": family}


class Identity:
    """``looks``: how many reads see a new address as tentative; ``ends``: the AddressState after that."""

    def __init__(self, name: str = "exch2", looks: int = 1, ends: int = 4) -> None:
        self.looks, self.ends = looks, ends
        self.addresses = [address("10.0.0.12")]
        self.adapters = [adapter()]
        self.registry: dict[str, t.Any] = {}
        self.shares: list[dict[str, t.Any]] = []
        self.session = FakeSession(
            name, instances={(CIMV2, "MSFT_NetIPAddress"): self.addresses, (CIMV2, "MSFT_NetIPInterface"): self.adapters, (SMB, "MSFT_SmbShare"): self.shares}
        )
        methods = {
            ("MSFT_NetIPAddress", "Create"): self._create,
            ("MSFT_SmbShare", "CreateShare"): self._share,
            ("Win32_Share", "Delete"): self._unshare,
            **{("StdRegProv", f"{verb}{kind}Value"): self._registry(verb) for verb in ("Get", "Set") for kind in ("DWORD", "MultiString")},
            ("StdRegProv", "DeleteValue"): self._registry("Delete"),
        }
        self.session.methods.update(methods)
        enumerate_all = self.session.enumerate
        self.session.enumerate = self._enumerate(enumerate_all)  # type: ignore[method-assign]

    def _enumerate(self, enumerate_all: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def look(namespace: str, class_name: str, timeout: float) -> t.Any:
            for entry in self.addresses if class_name == "MSFT_NetIPAddress" else ():
                if "left" in entry:
                    entry["left"] -= 1
                    if entry["left"] < 0:
                        entry["AddressState"] = self.ends
            return enumerate_all(namespace, class_name, timeout)

        return look

    def _create(self, session: FakeSession, keys: Keys, arguments: Keys) -> dict[str, t.Any]:
        alias = next(entry["InterfaceAlias"] for entry in self.adapters if entry["InterfaceIndex"] == arguments["InterfaceIndex"])
        plain = arguments["IPAddress"]
        skip, prefix = arguments["SkipAsSource"], arguments["PrefixLength"]
        stores = [1] if arguments.get("PolicyStore") == "ActiveStore" else [1, 0]
        for store in stores:
            new = address(plain, alias, arguments["InterfaceIndex"], 1, prefix, SkipAsSource=skip, Store=store, left=self.looks)
            self.addresses.append({**new, "Name": f"{new['Name']};{store}"})
        return {}

    def _share(self, session: FakeSession, keys: Keys, arguments: Keys) -> dict[str, t.Any]:
        self.shares.append({"Special": False, "SecurityDescriptor": "O:SYG:SYD:(A;;0x1200a9;;;WD)", **arguments})
        return {}

    def _unshare(self, session: FakeSession, keys: Keys, arguments: Keys) -> dict[str, t.Any]:
        self.shares[:] = [entry for entry in self.shares if entry["Name"].lower() != keys["Name"].lower()]
        return {}

    def _registry(self, verb: str) -> t.Callable[[FakeSession, Keys, Keys], dict[str, t.Any]]:
        def call(session: FakeSession, keys: Keys, arguments: Keys) -> dict[str, t.Any]:
            name = arguments["sValueName"]
            if verb == "Set":
                self.registry[name] = arguments["uValue" if "uValue" in arguments else "sValue"]
                return {}
            if name not in self.registry:
                return {"ReturnValue": 1}
            if verb == "Delete":
                del self.registry[name]
                return {}
            value = self.registry[name]
            return {"uValue" if isinstance(value, int) else "sValue": value}

        return call
