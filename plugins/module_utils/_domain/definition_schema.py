# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The definition of an identity: one table of every key. Argument specs, documentation and checks are made from it.

Written by users as ``failover_identities: {name: {…}}``. Times are seconds. Names of hosts and groups are the
inventory's, names of credentials are keys of ``failover_credentials``; no secret ever stands in a definition.
"""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.data_choice import ENGINES
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_option import Option

PORT = 65535
#: The largest TTL there is: RFC 2181, section 8. Zero would keep clients from caching at all.
LONGEST_TTL = 2**31 - 1


def _name(description: str, *, required: bool = False, names: str = "") -> Option:
    return Option("str", description, required=required, names=names)


def _names(description: str, *, required: bool = False, names: str = "") -> Option:
    return Option("list", description, elements="str", required=required, default=None if required else [], names=names)


def _seconds(description: str, default: float | None, minimum: float = 1) -> Option:
    return Option("float", description, default=default, minimum=minimum)


def _port(description: str, default: int | None = None) -> Option:
    return Option("int", description, default=default, minimum=1, maximum=PORT)


def _table(description: str, options: dict[str, Option], *, required: bool = False) -> Option:
    return Option("list", description, elements="dict", options=options, required=required, default=None if required else [])


def _group(description: str, options: dict[str, Option], *, required: bool = False, filled: bool = False) -> Option:
    return Option("dict", description, options=options, required=required, filled=filled)


def _drilled(description: str, options: dict[str, Option]) -> Option:
    return Option("raw", f"{description} The word V(skip) leaves the step out of drills.", options=options, default="skip", skippable=True)


def _server(description: str) -> dict[str, Option]:
    return {
        "host": _name(f"{description}, by its name in the inventory. Its connection address must not belong to the identity.", required=True, names="host"),
        "site": _name("The site it stands in, for judging which vantage points are independent."),
    }


MONITOR = {
    "interval": _seconds("Time between two rounds of probes.", 5, 0.1),
    "missed": Option("int", "Rounds without any reply until the source counts as failed.", default=5, minimum=1),
    "trigger": Option(
        "str",
        "Whether all vantage points must miss the source (V(all)) or one is enough (V(one)).",
        default="all",
        choices=("all", "one"),
    ),
    "vantage_points": _table(
        "The places from which the source is probed.",
        {"host": _name("A host of the inventory, or V(controller).", required=True, names="place")},
    ),
    "probes": _table(
        "What is asked of the source in every round. Without any, its management endpoint is asked to identify itself.",
        {
            "kind": Option(
                "str",
                "V(tcp) connects to a port, V(wsman) asks the WinRM listener to identify itself, V(service) looks whether services run.",
                required=True,
                choices=("tcp", "wsman", "service"),
            ),
            "port": _port("The port of a V(tcp) probe."),
            "names": _names("The services of a V(service) probe."),
            "address": _name("Probe this address instead of the source's management address.", names="address"),
        },
    ),
}

APPROVALS = {
    "required": Option("int", "How many different people must decide to proceed.", default=1, minimum=1),
    "identity": Option(
        "str",
        "The weakest way in which a person may be known who approves. V(asserted) takes the name that the controller's job states, "
        "V(windows_logon) is an account that logged on to the target, V(signature) is proven by an SSH key of C(approvals.people).",
        default="asserted",
        choices=("asserted", "windows_logon", "signature"),
    ),
    "expires": _seconds("How long an approval holds.", 3600),
    "exclude_requester": Option("bool", "Who opens the run may not be among its approvers.", default=False),
    "people": _table(
        "Who may decide by signature, and which names belong to one person, so that nobody counts twice.",
        {
            "name": _name("The person.", required=True),
            "accounts": _names("Further names and SIDs of the person, such as V(CORP\\\\chief). A name without a domain belongs to the first domain."),
            "keys": Option("list", "SSH public keys, each a line as in a C(.pub) file.", elements="str", default=[], names="ssh_key"),
        },
    ),
    "domains": _table(
        "The names of each Windows domain. Only two domains that are both listed here make two persons of one user name. A domain that is not "
        "listed, or none, tells nobody apart.",
        {
            "netbios": _name("Its NetBIOS name, such as V(CORP).", required=True),
            "dns": _names("Its DNS name and further UPN suffixes.", names="dns_name"),
        },
    ),
}

FENCE = {
    "minimum": Option(
        "int",
        "The grade of evidence that the source cannot serve any more. 4 powered off, 3 isolated, 2 services disabled, 1 unreachable, 0 none.",
        default=2,
        choices=(0, 1, 2, 3, 4),
    ),
    "services": _names("Services of the source that are stopped and disabled. Without any, those of C(services)."),
    "accept_unfenced": _name("Go on with less evidence, for this reason, which should name the data at risk.", names="reason"),
}

DIRECTORY = {
    "domain_controllers": _names("Domain controllers that are asked, in this order.", required=True, names="host"),
}

SPNS = {
    "from": _name("The account that holds them while the source serves, such as V(EXCH1$).", required=True),
    "to": _name("The account that holds them while the target serves.", required=True),
    "values": _names("The service principal names, such as V(http/mail.example.com).", required=True),
}

ADDRESSES = {
    "address": _name("The IP address that moves.", required=True, names="address"),
    "prefix_length": Option("int", "Length of the network's prefix.", required=True, minimum=0, maximum=128),
    "interface": _name("Name of the adapter on the target. Without it, the adapter whose network holds the address."),
    "policy_store": Option(
        "str",
        "V(active) lasts until the next boot, V(persistent) is there again after a boot.",
        default="persistent",
        choices=("active", "persistent"),
    ),
    "skip_as_source": Option("bool", "Never use the address for outgoing connections, nor register it in DNS.", default=True),
}

SHARES = {
    "name": _name("The name of the share.", required=True),
    "path": _name("The folder on the target.", required=True),
    "description": _name("What users read beside its name.", names="text"),
    "security_descriptor": _name("Who may use it, as SDDL. Without it, what the baseline recorded."),
}

SERVICES = {
    "name": _name("The service's key name, not the displayed one.", required=True),
    "start_mode": Option(
        "str", "How it starts while its host serves. Without it, what the baseline recorded.", choices=("auto", "delayed", "manual", "disabled")
    ),
    "timeout": _seconds("How long it may take to start or stop.", 120),
}

DATABASES = {
    "kind": Option(
        "str",
        "V(exchange) mailbox database, V(sqlserver) database, or V(command) for anything that a command mounts.",
        required=True,
        choices=("exchange", "sqlserver", "command"),
    ),
    "name": _name("The database, where it has the same name on both servers."),
    "from": _name("The database on the source, together with C(databases[].to)."),
    "to": _name("The database on the target."),
    "instance": _name("The SQL Server instance."),
    "server": _name("The Exchange server to ask. Without it, the host itself."),
    "credential": _name("The credential for the second hop, which a WinRM logon does not have.", names="credential"),
    "timeout": _seconds("How long it may take.", 300),
    "command": _group(
        "The programs of a V(command) database, each a list of the program and its arguments. Exit code 0 is success.",
        {
            "mount": _names("Mounts it.", required=True),
            "dismount": _names("Dismounts it.", required=True),
            "query": _names("Exit code 0 where it is mounted, 1 where it is not.", required=True),
        },
    ),
}

POST_SCRIPT = {
    "path": _name("The script on the target.", required=True),
    "arguments": Option("list", "Its arguments, passed as they stand.", elements="str", default=[], names="text"),
    "timeout": _seconds("How long it may run.", 600),
    "working_directory": _name("Where it starts."),
    "repeatable": Option("bool", "It may run again when nobody knows whether it ended.", default=False),
}

DNS_SERVER = {
    "address": _name("Address of the name server.", required=True, names="address"),
    "port": _port("Its port.", 53),
    "name": _name("Its name, for messages and for Kerberos.", names="dns_name"),
}

DNS_LOCK = {
    "account": _name("The account of the source in the directory, such as V(EXCH1$), or its SID where it is of another domain.", required=True),
    "domain_controllers": _table(
        "The domain controllers on which it is denied to write the names.",
        {
            "address": _name("Address of the domain controller.", required=True, names="address"),
            "port": _port("Its port for LDAP.", 389),
            "name": _name("Its full host name, for Kerberos. Without it, what it says itself.", names="dns_name"),
        },
        required=True,
    ),
}

RECORDS = {
    "name": _name("The fully qualified name.", required=True, names="record_name"),
    "type": _name("The record type, such as V(A), V(CAA), or C(TYPE) and a number.", required=True, names="record_type"),
    "values": Option("list", "The values while the target serves.", elements="str", required=True, names="text"),
    "ttl": Option("int", "Time to live of these records.", minimum=1, maximum=LONGEST_TTL),
    "zone": _name("The zone, where it cannot be found by asking.", names="record_name"),
    "expect": Option("list", "Only change what has these values now.", elements="str", names="text"),
}

DNS = {
    "servers": _table("Name servers that take updates, in the order they are tried.", DNS_SERVER, required=True),
    "verify_servers": _table("Further name servers that must show the change too.", DNS_SERVER),
    "discover": Option("bool", "Read back from the name servers that each zone names itself (NS records, MNAME) too.", default=False),
    "resolvers": _table("Resolvers that clients ask, which have to have the change too where C(dns.require) is V(reachable) or V(all).", DNS_SERVER),
    "credential": _name("Who signs the updates, a TSIG key (C(name), C(secret)) or a Kerberos account (C(principal)).", names="credential"),
    "repoint": _group(
        "Every address record of a name is moved from the source's addresses to the target's.",
        {
            "from": _names("Addresses while the source serves.", required=True, names="address"),
            "to": _names("Addresses while the target serves, one for each of C(dns.repoint.from), in the same order.", required=True, names="address"),
            "names": _names("The names that move.", required=True, names="record_name"),
            "ptr": Option("bool", "Move the reverse records too.", default=False),
        },
    ),
    "records": _table("Further records as they stand while the target serves.", RECORDS),
    "ttl": Option("int", "Time to live of the records that are written.", default=60, minimum=1, maximum=LONGEST_TTL),
    "ttl_ahead": Option(
        "int", "Time to live that the playbook lower_ttl gives the records ahead of a planned move.", default=60, minimum=1, maximum=LONGEST_TTL
    ),
    "lock": _group("Keep a source that comes back from registering its names again, in Active Directory. Needs a Kerberos account.", DNS_LOCK),
    "static": Option("bool", "Take the address records of the names out of ageing, so that scavenging spares them. Needs C(dns.lock).", default=False),
    "require": Option(
        "str", "Which name servers must show the change, V(all), all that are V(reachable), the V(primary) only, or a number of them.", default="reachable"
    ),
    "verify_timeout": _seconds("How long the name servers have for that.", 60),
    "protected_names": _names("Names that must never be changed.", names="dns_name"),
    "allow_wildcards": Option("bool", "Names may be wildcards, such as C(*.example.com).", default=False),
}

EXPECT = {
    "name": _name("The name that users connect to.", required=True, names="dns_name"),
    "port": _port("The port they connect to."),
    "identity": _name("The word that the right server's first line, or its page, holds, its host name for example."),
    "addresses": _names("The addresses that the name must resolve to.", names="address"),
    "protocol": Option(
        "str",
        "Whether the server says who it is in its first line (V(banner)) or in a page (V(http), V(https)).",
        default="banner",
        choices=("banner", "http", "https"),
    ),
    "path": _name("The path of that page. Without it, the root."),
    "spn": _name("The service principal name that users ask a Kerberos ticket for. Without it, the one in C(spns) that ends in the name, if any."),
}

CLIENTS = {
    "flush": _names("Hosts and groups whose resolver caches are cleared.", names="clients"),
    "sample": _names("Hosts and groups that prove that users arrive.", names="clients"),
    "port": _port("The port that the sample connects to."),
    "resolver_port": _port("The port of the clients' DNS servers.", 53),
    "max_failures": Option("float", "How many clients may fail. Below 1 a share of them, else a number.", default=0.0, minimum=0),
    "share": Option("float", "The share of the sample that must arrive.", default=1.0, minimum=0, maximum=1),
    "expect": _table("What the sample looks for. Without it, C(dns.repoint) and C(clients.port).", EXPECT),
}

HOOK_TIMEOUT = (
    "Hook, such as V(before_dns), to the longest time that all of its tasks together may take; V(600) for one that is not there. Where it took longer, "
    "nothing more is done until the run is resumed. A task with C(until) has to end in time by itself, for which there is C(failover_hook_ends)."
)

STORE = {
    "kind": Option("str", "Whether the journal lies on a Windows host or in a folder of the controller.", default="target", choices=("target", "directory")),
    "host": _name("The host of a V(target) store. Without it, the target.", names="host"),
    "path": _name("Its folder."),
}

DRILL = {
    "dns": _drilled(
        "Drill names that lead to the target.",
        {
            "names": Option("dict", "Live name to drill name.", required=True, values=_name("The drill's name.", names="dns_name")),
            "ttl": Option("int", "Time to live of the drill's records.", default=60, minimum=1, maximum=LONGEST_TTL),
        },
    ),
    "clients": _drilled("Clients that take part in drills only.", {name: CLIENTS[name] for name in ("flush", "sample", "share", "max_failures")}),
    "databases": _drilled("Copies of the databases.", {"databases": _table("The copies.", DATABASES, required=True)}),
    "services": _drilled("Services that serve drills only.", {"services": _table("The services.", SERVICES, required=True)}),
    "script": _drilled("What runs instead of C(post_script).", POST_SCRIPT),
    "addresses": _drilled("Addresses of the drill.", {"addresses": _table("The addresses.", ADDRESSES, required=True)}),
    "spns": _drilled("Service principal names of the drill.", {"spns": _table("The families.", SPNS, required=True)}),
    "fence": Option("str", "A drill never fences; the word says so.", default="skip", choices=("skip",)),
}

DEFINITION = {
    "source": _group("The server that normally owns the identity.", _server("The source"), required=True),
    "target": _group("Its stand-in.", _server("The target"), required=True),
    "engine": _group(
        "What keeps the data of the two alike.",
        {
            "kind": Option(
                "str",
                "V(native) replication of the application, which mounting its databases brings up to what has arrived. V(none) where both servers "
                "reach one copy, or there are no data. V(double_take) and V(other) are told what to do by the hook V(data).",
                default="native",
                choices=ENGINES,
            ),
            "job": _name("The id of the engine's job, for the commands that a plan prints."),
        },
        filled=True,
    ),
    "baseline": _group(
        "What the source looks like in peace time.",
        {"max_age": _seconds("How old the baseline may be before the preflight tells. Arm on a schedule, at least this often.", 2592000)},
        filled=True,
    ),
    "monitor": _group("How the source is watched.", MONITOR, filled=True),
    "approvals": _group("Who decides.", APPROVALS, filled=True),
    "fence": _group("How sure it must be that the source is out.", FENCE, filled=True),
    "directory": _group("How the directory is reached.", DIRECTORY),
    "spns": _table("Service principal names that move.", SPNS),
    "addresses": _table("IP addresses that move.", ADDRESSES),
    "names": _names("Alternate server names that move."),
    "shares": _table("Shares that move.", SHARES),
    "services": _table("Services of the workload, in the order they start.", SERVICES),
    "databases": _table("Databases of the workload, in the order they are mounted.", DATABASES),
    "post_script": _group("Your own script, run once on the target in every run.", POST_SCRIPT),
    "dns": _group("The names that users connect to.", DNS),
    "clients": _group("The users' machines.", CLIENTS, filled=True),
    "store": _group("Where the journal lies.", STORE, filled=True),
    "mirror": _name("A folder of the controller that holds a copy of the journal."),
    "hooks": _group(
        "Your own task files before and after a step.",
        {
            "dir": _name("The folder that holds them."),
            "timeouts": Option("dict", HOOK_TIMEOUT, default={}, values=_seconds("Seconds.", None)),
            "plan_safe": _names("Hooks, such as V(before_dns), that only look and change nothing, so that a plan may run them.", names="text"),
        },
        filled=True,
    ),
    "drill": _group("How each step is shadowed in a drill.", DRILL, filled=True),
    "accept": Option("dict", "Finding of the preflight, by its id, to the reason for accepting it.", default={}, values=_name("The reason.", names="reason")),
}
