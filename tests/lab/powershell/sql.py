# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tiny part of Transact-SQL: what scripts need to look at databases and bring them online."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.data import DatabaseError
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.model.sql_server import SQL_STATES, SqlDatabase, SqlInstance
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError

DEFAULT_INSTANCE = "MSSQLSERVER"
_PAIR = re.compile(r'\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|([^;]*))(?:;|$)')
_NAME = r"\[(?P<name>(?:[^\]]|\]\])+)\]"
_ONLINE = re.compile(rf"ALTER\s+DATABASE\s+{_NAME}\s+SET\s+ONLINE(?P<termination>\s+WITH\s+ROLLBACK\s+IMMEDIATE)?", re.IGNORECASE)
_OFFLINE = re.compile(
    rf"ALTER\s+DATABASE\s+{_NAME}\s+SET\s+OFFLINE(?P<termination>\s+WITH\s+(?:ROLLBACK\s+IMMEDIATE|ROLLBACK\s+AFTER\s+\d+(?:\s+SECONDS)?|NO_WAIT))?",
    re.IGNORECASE,
)
_RECOVER = re.compile(rf"RESTORE\s+DATABASE\s+{_NAME}\s+WITH\s+RECOVERY", re.IGNORECASE)
_SELECT = re.compile(
    r"SELECT\s+(?P<columns>[\w\s,.]+?)\s+FROM\s+(?:master\.)?sys\.databases(?:\s+(?:AS\s+)?(?!WHERE|ORDER)\w+)?"
    r"(?:\s+WHERE\s+(?P<where>.+?))?(?:\s+ORDER\s+BY\s+\w+)?",
    re.IGNORECASE | re.DOTALL,
)
_FILES = re.compile(r"SELECT\s+DB_NAME\(database_id\),\s*physical_name\s+FROM\s+sys\.master_files", re.IGNORECASE)
#: Which databases belong to something that moves them by itself.
_MEMBERS = {
    "availability_group": re.compile(r"SELECT\s+name\s+FROM\s+sys\.databases\s+WHERE\s+replica_id\s+IS\s+NOT\s+NULL", re.IGNORECASE),
    "mirroring": re.compile(r"SELECT\s+DB_NAME\(database_id\)\s+FROM\s+sys\.database_mirroring\s+WHERE\s+mirroring_guid\s+IS\s+NOT\s+NULL", re.IGNORECASE),
    "log_shipping": re.compile(r"SELECT\s+secondary_database\s+FROM\s+msdb\.dbo\.log_shipping_secondary_databases", re.IGNORECASE),
}
_CONSTANT = re.compile(r"SELECT\s+(?P<what>1|@@SERVERNAME|@@VERSION|SUSER_SNAME\(\)|IS_SRVROLEMEMBER\('sysadmin'\))(?:\s+AS\s+\w+)?", re.IGNORECASE)


class SqlError(Exception):
    """number: SQL Server's; becomes a SqlException in the script."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


def instance_of(host: Host, connection: str) -> SqlInstance:
    """The instance that a connection string names. Raises CallError as SqlConnection.Open does."""
    parts = {key.strip().lower(): (quoted.replace('""', '"') if quoted else plain.strip()) for key, quoted, plain in _PAIR.findall(connection)}
    source = parts.get("data source") or parts.get("server") or parts.get("address") or "."
    machine, _backslash, name = source.removeprefix("tcp:").partition("\\")
    machine = machine.partition(",")[0].strip().lower()
    if machine not in (".", "(local)", "localhost", "127.0.0.1", host.computer_name.lower(), host.fqdn.lower()):
        raise CallError("Login failed: the lab's SQL Server takes Windows logons of its own machine only.", code=18456, id="SqlException", kind="SqlException")
    instance = host.sql.get(f"MSSQL${name}" if name and name.upper() != DEFAULT_INSTANCE else DEFAULT_INSTANCE)
    if instance is None or not instance.runs():
        raise CallError(
            "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was not found.",
            code=2,
            id="SqlException",
            kind="SqlException",
        )
    user, password = parts.get("user id") or parts.get("uid") or "", parts.get("password") or parts.get("pwd") or ""
    if user:
        allowed = instance.passwords.get(user.lower()) == password and bool(password)
    else:
        allowed = parts.get("integrated security", parts.get("trusted_connection", "")).lower() in ("true", "sspi", "yes") and bool(
            {"*", host.user} & set(instance.logins)
        )
    if not allowed:
        raise CallError(f"Login failed for user '{user or host.user}'.", code=18456, id="SqlException", kind="SqlException")
    return instance


def execute(instance: SqlInstance, text: str, parameters: Mapping[str, JSON]) -> JSON:
    """Raises CallError with SQL Server's number; what the lab does not know is a syntax error."""
    try:
        return _execute(instance, " ".join(text.split()).rstrip("; "), {key.lstrip("@").lower(): value for key, value in parameters.items()})
    except (DatabaseError, SqlError) as error:
        raise CallError(error.message, code=error.number, id="SqlException", kind="SqlException") from None


def _execute(instance: SqlInstance, text: str, parameters: Mapping[str, JSON]) -> JSON:
    nothing: JSON = {"columns": [], "rows": []}
    for pattern, act in ((_ONLINE, instance.set_online), (_RECOVER, instance.recover)):
        found = pattern.fullmatch(text)
        if found:
            act(found["name"].replace("]]", "]"))
            return nothing
    found = _OFFLINE.fullmatch(text)
    if found:
        if not found["termination"]:
            raise SqlError(-2, "Execution Timeout Expired: the statement waits for other users without an end. Give a termination clause.")
        instance.set_offline(found["name"].replace("]]", "]"))
        return nothing
    for member, pattern in _MEMBERS.items():
        if pattern.fullmatch(text):
            return {"columns": ["name"], "rows": [[each.name] for each in instance.databases if each.member == member]}
    if _FILES.fullmatch(text):
        rows = [[each.name, f"D:\\SQL\\{each.name}{ending}"] for each in instance.databases for ending in (".mdf", "_log.ldf")]
        return {"columns": ["", "physical_name"], "rows": rows}
    found = _SELECT.fullmatch(text)
    if found:
        return _select(instance, found, parameters)
    found = _CONSTANT.fullmatch(text)
    if found:
        return {"columns": [""], "rows": [[1 if found["what"] == "1" else found["what"]]]}
    raise SqlError(102, f"Incorrect syntax, or a statement that the lab does not know: {text[:80]}")


#: Column of sys.databases → its value. collation_name is NULL while a database is not online (documented).
COLUMNS: dict[str, Callable[[SqlDatabase], JSON]] = {
    "name": lambda each: each.name,
    "state": lambda each: SQL_STATES[each.state],
    "state_desc": lambda each: each.state,
    "collation_name": lambda each: "SQL_Latin1_General_CP1_CI_AS" if each.state == "ONLINE" else None,
    "is_in_standby": lambda each: each.standby,
    "is_read_only": lambda each: each.standby,
    "user_access_desc": lambda each: "MULTI_USER",
    "is_cleanly_shutdown": lambda each: each.state == "OFFLINE",
    "recovery_model_desc": lambda each: "FULL",
    "database_id": lambda each: 5,
}


def _column(expression: str) -> str:
    return expression.strip().rpartition(".")[2].lower()


def _select(instance: SqlInstance, found: re.Match[str], parameters: Mapping[str, JSON]) -> JSON:
    columns = [_column(column) for column in found["columns"].split(",")]
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        raise SqlError(207, f"Invalid column name '{unknown[0]}'.")
    chosen = [each for each in instance.databases if _where(found["where"], each, parameters)]
    return {"columns": columns, "rows": [[COLUMNS[column](each) for column in columns] for each in chosen]}


def _where(where: str | None, database: SqlDatabase, parameters: Mapping[str, JSON]) -> bool:
    if where is None:
        return True
    by_parameter = re.fullmatch(r"(?:\w+\.)?name\s*=\s*@(\w+)", where.strip(), re.IGNORECASE)
    by_text = re.fullmatch(r"(?:\w+\.)?name\s*=\s*N?'((?:[^']|'')*)'", where.strip(), re.IGNORECASE)
    by_list = re.fullmatch(r"(?:\w+\.)?name\s+IN\s*\((.+)\)", where.strip(), re.IGNORECASE)
    if by_parameter:
        wanted = [parameters.get(by_parameter[1].lower())]
    elif by_text:
        wanted = [by_text[1].replace("''", "'")]
    elif by_list:
        wanted = [parameters.get(each.strip().lstrip("@").lower()) for each in by_list[1].split(",")]
    else:
        raise SqlError(102, f"A condition that the lab does not know: {where[:80]}")
    return database.name.lower() in (str(each).lower() for each in wanted)
