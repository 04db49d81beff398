#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: update_dns
short_description: Change DNS records all at once, and read them back from every name server
version_added: 1.0.0
description:
  - Changes any number of records, in any zones, in one task. It sends dynamic updates (RFC 2136), signed with a TSIG key (O(key)) or
    by Kerberos (O(kerberos)).
  - Each message carries the values that were read before as its prerequisite (compare and swap). A record that somebody else
    changes in between is never overwritten unseen.
  - A message has at most 250 records of one zone, with everything of one name in the same message. The name server does all of
    a message or nothing of it. Forward zones come before reverse zones. Several messages are not one transaction. When one is
    refused the result says what is done and what is not.
  - Afterwards every record is read back from every name server in O(servers) and O(verify_servers) until they agree, or
    O(verify_timeout) has passed. The task only succeeds on what was read.
  - When the updated name server then shows another value, because somebody wrote in between, for example a source server
    that came back and registered its name, O(on_conflict) decides. With V(replace) the record is written again, three times at
    most, and the result says so.
  - Inside a O(run) a zone gets a TXT record C(_failover-<identity>) that names the run and its epoch. All further messages of
    the run have it as a prerequisite, so that a controller that lost its lease can't write any more. The record of an earlier
    controller is taken over before any record is read. M(continuity.identity_failover.failover_run) removes it when the run ends.
    Where the key may not write it, a warning says so and the updates go without it.
  - With O(state=locked) it changes no record, but who may change it. In Active Directory the source's account is denied to write the names,
    so that a source that comes back can't register them again, while the account of O(kerberos) still can. Written to domain controllers
    over LDAP that is encrypted by Kerberos. Tested with Samba 4.17 as the directory. Windows has not been run.
author:
  - The continuity.identity_failover contributors (@continuity)
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._dns_auth
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.step
  - continuity.identity_failover._run
  - continuity.identity_failover._hosts
requirements:
  - dnspython >= 2.3
attributes:
  check_mode:
    support: full
    details: The name servers are asked what they have, nothing is sent to them that could change it.
  diff_mode:
    support: full
  idempotent:
    support: full
    details: A record that has the wanted values and TTL on all name servers is left alone.
options:
  state:
    description:
      - V(present) gives each of O(records) exactly the listed values.
      - V(absent) takes the listed values away, or the whole record set where no values are listed.
      - V(repointed) turns the names of O(repoint) from the source to the target.
      - V(locked) denies the account of O(lock) to change the names, on every domain controller that is listed and answers. The names are
        those of O(lock), O(repoint) and O(records). Zones that are not kept in the directory, or that take other than secure updates,
        are told with a reason and never claimed locked.
      - V(unlocked) takes exactly that entry away again.
      - V(reverted) puts back what O(revert_run) found, for the record sets that O(records) or O(repoint) name. A record that
        somebody changed since is not overwritten, and fails. With O(lock) it puts back whether the names were locked.
      - V(ttl_lowered) lowers the TTLs of the record sets that O(records) or O(repoint) name to O(ttl) (V(60) without it), ahead of a planned move. Values
        stay, TTLs that are lower already too. What a TTL was is kept in a TXT record C(_failover-ttl.<name>) in the zone, which the same message
        writes, so that any controller can restore it, whatever came in between. RV(ttl.until) says when the old TTLs have run out everywhere.
      - V(ttl_restored) gives the record sets the TTLs that V(ttl_lowered) found, whatever their values are now, and removes that TXT record. A TTL above
        the lowered one, and above O(ttl) and O(records[].ttl), was set by somebody since, and stays. What the TTL of a record was that is gone
        is kept until there is one again.
    type: str
    choices: [present, absent, repointed, locked, unlocked, ttl_lowered, ttl_restored, reverted]
    default: present
  records:
    description: The record sets to change. Required for O(state=present) and O(state=absent).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The full name of the record, with or without a final dot. A wildcard, such as C(*.example.com), needs O(allow_wildcards).
          - International names may be given as they are written. They are read by IDNA 2008 where the Python package C(idna) is installed. Without it
            a name that IDNA 2003 and IDNA 2008 read differently is refused.
        type: str
        required: true
      type:
        description:
          - The type of the record, such as V(A), V(AAAA), V(CAA), V(CNAME), V(DNAME), V(HTTPS), V(MX), V(NAPTR), V(PTR), V(SRV), V(SSHFP), V(SVCB),
            V(TLSA), V(TXT), or C(TYPE) and a number (RFC 3597).
          - NS, SOA and the types of DNSSEC are refused, as the zone's administrator or the name server itself keeps them.
        type: str
        required: true
      values:
        description:
          - The values, as C(10.0.1.21), C(mail.example.com), C(10 mx1.example.com) for MX, or C(0 100 443 web1.example.com) for SRV.
          - Values of TXT are plain text, or one or more quoted strings as a zone file has them.
          - Values of other types are as a zone file has them, as C(0 issue "ca.example.net") for CAA, or C(\\# 4 0a000001) for any type (RFC 3597).
          - They play no part with O(state=ttl_lowered) and O(state=ttl_restored).
        type: list
        elements: str
        default: []
      ttl:
        description: The TTL in seconds. The default is O(ttl). With O(state=ttl_lowered) the lower of the two counts.
        type: int
      zone:
        description: The zone that the name lies in. By default the name servers are asked for it.
        type: str
      expect:
        description: The values that must be there now, as recorded earlier. Others are refused, unless the wanted ones are there already.
        type: list
        elements: str
  repoint:
    description:
      - The names to turn from the source to the target. Required for O(state=repointed).
      - For O(state=ttl_lowered) and O(state=ttl_restored) these are the names whose TTLs change, with O(repoint.ptr) the addresses' PTR records too.
      - Of each name every A, AAAA, CNAME, PTR, MX and SRV value that names a source gets the target instead. Other values stay.
      - A name that names neither a source nor a target is refused, as its users would not arrive.
    type: dict
    suboptions:
      from:
        description: The addresses or host names of the source, each once.
        type: list
        elements: str
        required: true
      to:
        description: What they become, at the same place in the list. An IPv4 address pairs with an IPv4 address, IPv6 with IPv6, a name with a name.
        type: list
        elements: str
        required: true
      names:
        description: The names that users connect to, each once.
        type: list
        elements: str
        required: true
      ptr:
        description:
          - Whether PTR records of the source's addresses that name one of O(repoint.names) go over to the target's addresses.
          - Where an address is delegated by a CNAME (RFC 2317), the record is changed where that leads. One of O(servers) or O(verify_servers) has to know it.
        type: bool
        default: false
  lock:
    description:
      - Whom to deny the names, and where. For O(state=locked), O(state=unlocked), and O(state=reverted) of such a task, which needs O(kerberos).
      - The entry is first in the access control list of the name, and denies writing properties, validated writes and deleting (mask 0x00010028).
        Everything else in the list stays as it is. The entry outlives the record, and stays when it is deleted and made again.
      - The step is called C(dns_lock) in the journal, and where a failure of it is accepted.
    type: dict
    suboptions:
      how:
        description:
          - V(directory) is what is said above.
          - V(alias) takes the A and AAAA records away and puts a CNAME to O(lock.to) in their place, by a dynamic update to O(servers). It needs no
            directory, and is weak. Who replaces the address is ignored or refused, who deletes the whole name first gets through, and users'
            Kerberos and SMB need SPNs and alternate names for it. O(state=reverted) puts the addresses back. Roles do not use it.
        type: str
        choices: [directory, alias]
        default: directory
      account:
        description: The account of the source, such as V(EXCH1$), or its SID where it is of another domain. Required for V(directory).
        type: str
      to:
        description: The full name of the stand-in. Required for V(alias).
        type: str
      names:
        description: Names to lock, each once, beside those of O(repoint) and O(records), which may be the same.
        type: list
        elements: str
        default: []
      domain_controllers:
        description:
          - The domain controllers. The entry is written on each of them that answers, and read back from each. What could not be read is
            not claimed, see O(require). Required for V(directory).
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description: The IP address.
            type: str
            required: true
          port:
            description: The port of LDAP. The connection is encrypted by Kerberos, not by TLS.
            type: int
            default: 389
          name:
            description: Its full host name, as its principal C(ldap/<name>) has it. By default what the domain controller says itself.
            type: str
  static:
    description:
      - Take the A and AAAA records of the names out of ageing too (time stamp 0). For O(state=locked). Where a zone scavenges, a name that leads
        to a stand-in is refreshed by nobody, and is deleted some day. A later dynamic update of the record lets it age again.
      - Written on one domain controller that does not have the addresses of O(repoint.from) any more. Without it a warning says from
        when on scavenging may delete the record.
    type: bool
    default: false
  servers:
    description:
      - Required for all states but those of O(lock), and for O(lock.how=alias).
      - The name servers that take updates, best the zone's primary first. Of those that serve a zone the first that answers is written. The next is tried
        only when that one can't be reached, or does not take updates, as a secondary. A secondary that passes updates on to its
        primary may be listed, and is waited for until it has them back. Where only servers answer that take none, nothing is changed.
    type: list
    elements: dict
    suboptions: &server
      address:
        description: The IP address.
        type: str
        required: true
      port:
        description: The port, for TCP.
        type: int
        default: 53
      name:
        description: What to call it in results and messages.
        type: str
  verify_servers:
    description: Further name servers that must have the new records, for example secondaries and the servers that clients ask.
    type: list
    elements: dict
    default: []
    suboptions: *server
  unsigned:
    description: Send updates without a signature, to a zone that takes them from anybody. Else O(key) or O(kerberos) is required.
    type: bool
    default: false
  ttl:
    description:
      - The TTL in seconds for record sets that are changed and have none of their own, between V(1) and V(2147483647).
      - Without it an existing record set keeps its TTL, and a new one gets V(300).
    type: int
  discover:
    description:
      - Also read back from the name servers that each zone names itself, by its NS records and the MNAME of its SOA. In Active
        Directory every domain controller names itself as MNAME, so each server that is found is asked for its own.
      - The listed servers are asked for their addresses. A name server whose address none of them knows counts as unreachable,
        and is named. As NS records carry no port, a name server that is found is asked at the port of the server that told of it.
      - A name server that was found is asked for the records of the zones that name it, a listed one for all records. Updates go
        to O(servers) only.
    type: bool
    default: false
  resolvers:
    description:
      - The resolvers that clients ask. They are no authority, and answer from their caches. With O(require=reachable) (every one that
        answers) and O(require=all) they have to give the new values too. Otherwise they are not asked.
      - They are asked last, once all name servers have the records, and never before, as the question alone would make them keep the
        old value anew. A cache holds an old value for up to its old TTL. After O(verify_timeout) the task fails and tells for how
        long each may still hold it.
    type: list
    elements: dict
    default: []
    suboptions: *server
  require:
    description:
      - What success needs. V(reachable) means that every name server and every one of O(resolvers) that answers has the new records.
        One that did not answer is named in a warning.
      - V(all) means every one of O(resolvers) and every name server of O(servers) and O(verify_servers), and with O(discover) of the zone, V(primary) the one
        that was written.
      - A number means that at least so many name servers were read and have the new records, and that the one that was written has
        no others. More than there are for a zone is refused before anything is changed.
    type: str
    default: reachable
  on_conflict:
    description:
      - What happens to a record that somebody else changed, before it was written (seen by O(records[].expect) or by its prerequisite), or after.
      - V(fail) leaves it alone and fails, V(keep) leaves it alone and says so, V(replace) overwrites it, a few times at most, and says so.
      - V(replace) makes the change anew from what is there then. So values of others that came beside the source stay where O(state=repointed), and a
        CNAME that others set is not overwritten there; where TTLs are lowered or restored, all values stay.
      - By default V(replace) for O(state=repointed), because a source that comes back registers its names again, else V(fail).
    type: str
    choices: [fail, keep, replace]
  accept_disagreement:
    description:
      - Go on, for this reason, although name servers disagree before anything is changed.
      - A record that is to be changed must have one value on all name servers that answer, or the new one already. Others are waited for
        for ten seconds, in which a secondary that lags catches up, and are then refused, with the values that each has (reason
        V(servers_disagree)). SOA serials are told and decide nothing. With O(require=primary) the other name servers do not count.
      - With a reason, where the first of O(servers) has all of a zone as wanted already and another of O(servers) has not, that one is written.
    type: str
  on_failure:
    description:
      - What happens to the records that are written already when a later message is refused or gets lost, or a record of it was changed by somebody else.
      - V(rollback) sends nothing more, and puts back what the task has written, last message first. A record that somebody changed since is not
        overwritten. RV(rollback) says what was put back and what not. Name servers that only lag behind are no reason for it.
      - V(keep) leaves them as they are, and tries the messages that are left. The result says what is done, and repeating the task goes on from there.
      - The default is V(rollback) for a task that stands alone. It is V(keep) inside of a O(run), which knows what was done and is resumed, and in which
        each name that leads to the stand-in is a name that works; with O(accept_failure); and for O(state=ttl_restored), which is a way back itself.
      - A lock in the directory is no record, and is left as it is.
    type: str
    choices: [keep, rollback]
  outside_runs_of:
    description:
      - An identity. A zone in which a run of it has its TXT record C(_failover-<identity>) is not written, and the task fails with reason
        V(run_open). Each message has it as a prerequisite, so a run that opens meanwhile is not overwritten. Not inside a O(run).
    type: str
  verify_timeout:
    description:
      - Seconds to wait until the name server that is written shows the records of one message, once more behind the last message until
        the other name servers have all of them, and then until O(resolvers) have.
    type: float
    default: 60.0
  allow_wildcards:
    description: Whether O(records) and O(repoint.names) may have wildcards, such as C(*.example.com). One such record answers for many names.
    type: bool
    default: false
  protected_names:
    description: Names that are never changed, such as the names by which servers are managed. Listing one among the records is refused.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Point two names at the stand-in
  continuity.identity_failover.update_dns:
    state: repointed
    repoint:
      from: [10.0.0.21]
      to: [10.0.1.21]
      names: [mail.example.com, autodiscover.example.com]
      ptr: true
    ttl: 60
    servers:
      - address: 10.0.0.10
        name: dns1
    verify_servers:
      - address: 10.0.1.10
        name: dns2
    key:
      name: failover-key
      secret: "{{ dns_key_secret }}"

- name: Say what would change, without changing it
  continuity.identity_failover.update_dns:
    records:
      - name: mail.example.com
        type: A
        values: [10.0.1.21]
        ttl: 60
        expect: [10.0.0.21]
    servers:
      - address: 10.0.0.10
    key:
      name: failover-key
      secret: "{{ dns_key_secret }}"
  check_mode: true
  diff: true

- name: Remove one of a name's addresses
  continuity.identity_failover.update_dns:
    state: absent
    records:
      - name: web.example.com
        type: A
        values: [10.0.0.30]
    servers:
      - address: 10.0.0.10
    key:
      name: failover-key
      secret: "{{ dns_key_secret }}"
      algorithm: hmac-sha512

- name: Change records as a step of a run, and show which name server lacks them when it fails
  block:
    - name: Point the name at the stand-in
      continuity.identity_failover.update_dns:
        run: "{{ failover.run }}"
        records:
          - name: mail.example.com
            type: A
            values: [10.0.1.21]
        servers:
          - address: 10.0.0.10
        key:
          name: failover-key
          secret: "{{ dns_key_secret }}"
      register: dns
  rescue:
    - name: Show what each name server has
      ansible.builtin.debug:
        var: dns.servers

- name: Keep a source that comes back from taking its name
  continuity.identity_failover.update_dns:
    state: locked
    lock:
      account: EXCH1$
      names: [mail.example.com]
      domain_controllers:
        - address: 10.0.0.10
          name: dc1.example.com
        - address: 10.0.1.10
          name: dc2.example.com
    kerberos:
      principal: failover@EXAMPLE.COM
      keytab: /etc/failover.keytab

- name: Lower the TTLs the evening before a planned move
  continuity.identity_failover.update_dns:
    state: ttl_lowered
    ttl: 60
    records:
      - name: mail.example.com
        type: A
    servers:
      - address: 10.0.0.10
    key:
      name: failover-key
      secret: "{{ dns_key_secret }}"
  register: lowered

- name: Say from when on the move is quick
  ansible.builtin.debug:
    msg: "The old TTL has run out everywhere at {{ lowered.ttl.until }}"

- name: Put back what the run had found
  continuity.identity_failover.update_dns:
    state: reverted
    run: "{{ failback.run }}"
    revert_run: "{{ failover.run.id }}"
    repoint:
      from: [10.0.0.21]
      to: [10.0.1.21]
      names: [mail.example.com, autodiscover.example.com]
      ptr: true
    servers:
      - address: 10.0.0.10
    key:
      name: failover-key
      secret: "{{ dns_key_secret }}"
"""

RETURN = r"""
msg:
  description: What went wrong, in one sentence; empty when nothing did.
  returned: always
  type: str
  sample: ""
reason:
  description:
    - The machine-readable word for what went wrong; empty when nothing did.
    - Of a lock V(not_in_directory), V(zone_not_secure), V(no_node), V(no_access_list), V(access_denied), V(not_converged), V(not_found),
      V(missing_library).
    - Among others V(invalid_input), V(wrong_state), V(bad_key), V(bad_signature), V(bad_time), V(refused), V(not_authoritative),
      V(not_zone), V(no_zone), V(no_primary), V(servers_disagree), V(prerequisite), V(run_open), V(changed_by_other), V(ignored), V(not_converged),
      V(marker_not_seen), V(lease_lost), V(unreachable).
  returned: always
  type: str
  sample: bad_key
outcomes:
  description:
    - One entry for each record set, in the order asked. Its C(name) is the record's name and type.
    - A record set that was put back (see O(on_failure)) is V(failed), with the C(reason) V(rolled_back).
    - C(before) and C(after) are the values (sorted) and the TTL in seconds, or null where there is no such record set.
  returned: always
  type: list
  elements: dict
  sample:
    - name: mail.example.com A
      status: done
      changed: true
      grade: probed
      msg: ""
      reason: ""
      host: ""
      before:
        values: [10.0.0.21]
        ttl: 3600
      after:
        values: [10.0.1.21]
        ttl: 60
counts:
  description: How many outcomes have each status.
  returned: always
  type: dict
  sample:
    done: 1
    already: 0
    predicted: 0
    skipped: 0
    unconfirmed: 0
    failed: 0
    not_tried: 0
timing:
  description: Seconds that the parts of the task took.
  returned: always
  type: dict
  sample:
    observe: 0.012
    apply: 0.02
    verify: 5.1
    total: 5.2
rollback:
  description: What O(on_failure=rollback) put back.
  returned: when the options were right
  type: dict
  contains:
    done:
      description: The record sets that are as they were before the task.
      type: list
      elements: str
    left:
      description: The record sets that could not be put back, each with the reason.
      type: dict
  sample:
    done: [mail.example.com A]
    left: {}
locks:
  description: What each domain controller of O(lock) denies, as it was read last, by its name or address. Empty for other states.
  returned: when the options were right
  type: dict
  contains:
    address:
      description: Its address.
      type: str
    port:
      description: Its port.
      type: int
    status:
      description:
        - V(locked) where all names are, V(partly), V(unlocked), V(unknown) where it does not tell of a name, V(unreachable), or V(refused) where it
          did not let itself be read.
      type: str
    locked:
      description: Names that the account can't change there.
      type: list
      elements: str
    unlocked:
      description: Names that it can change there.
      type: list
      elements: str
    absent:
      description: Names that it does not have.
      type: list
      elements: str
    unknown:
      description: Names of which it is not known, because it does not tell who may change them, or nobody knows the account's SID.
      type: list
      elements: str
    ageing:
      description:
        - For each name its records with C(type), C(static), C(refreshed) (when they were refreshed last), and C(scavenged_from) (from when on
          scavenging may delete them). Times are UTC, and empty where there is none.
      type: dict
    msg:
      description: Why it could not be read.
      type: str
  sample:
    dc1.example.com:
      address: 10.0.0.10
      port: 389
      status: locked
      locked: [mail.example.com]
      unlocked: []
      absent: []
      unknown: []
      ageing:
        mail.example.com:
          - type: A
            static: false
            refreshed: "2026-03-01T10:00Z"
            scavenged_from: "2026-03-15T10:00Z"
      msg: ""
ttl:
  description: The TTLs that are lowered now, of the record sets of the task.
  returned: when the options were right
  type: dict
  contains:
    records:
      description: By record set, C(was) and C(to) in seconds, and C(until), from when on no client can have it with the old TTL any more.
      type: dict
    until:
      description:
        - The last of these moments; empty where no TTL is lowered. It leaves time for every message of the task and for what is read back.
        - It does not hold for clients of a server in RV(debts), which may go on giving out the old TTL. A warning says so.
      type: str
  sample:
    records:
      mail.example.com A:
        was: 3600
        to: 60
        until: "2026-11-26T21:01:00.000Z"
    until: "2026-11-26T21:01:00.000Z"
servers:
  description: What each name server had when it was read last, by its name or address.
  returned: when the options were right
  type: dict
  contains:
    address:
      description: Its address.
      type: str
    port:
      description: Its port.
      type: int
    written:
      description: Whether it took the updates.
      type: bool
    messages:
      description: How many update messages were sent to it.
      type: int
    status:
      description: The worst of its record sets, V(wrong), V(unreachable), V(not_authoritative), V(ok), or V(not_asked).
      type: str
    ok:
      description: How many record sets it has as they shall be, or as they were where they were put back.
      type: int
    wrong:
      description: How many record sets it has otherwise.
      type: int
    unreachable:
      description: How many record sets it could not be asked for.
      type: int
    not_authoritative:
      description: How many record sets it does not answer as an authority.
      type: int
    names:
      description: The record sets that are not right, by status.
      type: dict
    notified:
      description:
        - Zones that it was told to fetch, as it still had another value, with what it said, V(accepted), V(refused) with its code or why, or V(no answer).
        - With O(key) it is a DNS NOTIFY, signed with it. With O(kerberos) the directory behind the name server is told over LDAP to replicate the entries
          of the names from the domain controller that was written, for which the account needs the right DS-Replication-Synchronize.
        - Nothing depends on it.
      type: dict
  sample:
    dns1:
      address: 10.0.0.10
      port: 53
      written: true
      messages: 1
      status: ok
      ok: 2
      wrong: 0
      unreachable: 0
      not_authoritative: 0
      names: {}
      notified: {}
resolvers:
  description: What each of O(resolvers) gave when it was asked last, by its name or address.
  returned: when the options were right
  type: dict
  contains:
    address:
      description: Its address.
      type: str
    port:
      description: Its port.
      type: int
    status:
      description: The worst of its record sets, V(wrong), V(unreachable), V(ok), or V(not_asked).
      type: str
    ok:
      description: How many record sets it gives as they shall be.
      type: int
    wrong:
      description: How many record sets it gives otherwise.
      type: int
    unreachable:
      description: How many record sets it gave no answer for.
      type: int
    not_authoritative:
      description: Always V(0), as no resolver is an authority.
      type: int
    names:
      description: The record sets that are not right, by status.
      type: dict
    held:
      description: For how many seconds at most its cache may still hold an old value.
      type: int
  sample:
    resolver1:
      address: 10.0.2.53
      port: 53
      status: ok
      ok: 2
      wrong: 0
      unreachable: 0
      not_authoritative: 0
      names: {}
      held: 0
debts:
  description:
    - Name servers and clients' resolvers that the written name server's records could not be read from, or that had others, when the task
      ended. In a O(run) they stand in the journal, and M(continuity.identity_failover.failover_status) shows them until it is noted that
      they were read as right.
  returned: when the options were right
  type: list
  elements: dict
  contains:
    kind:
      description: V(name_server) or V(resolver).
      type: str
      sample: name_server
    server:
      description: Its name, or its address.
      type: str
      sample: dns2
    address:
      description: Its address. Empty where nobody knew it.
      type: str
      sample: 10.0.1.10
    port:
      description: Its port.
      type: int
      sample: 53
    status:
      description: V(unreachable) or V(wrong).
      type: str
      sample: unreachable
    why:
      description: Why nobody knows what it has.
      type: str
      sample: dns2 (10.0.1.10 port 53) can't be reached
    records:
      description: The record sets that it owes.
      type: list
      elements: str
      sample: [mail.example.com A]
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {host: dns1, rcode: 5}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns, update_dns_spec


def arguments() -> ArgumentSpec:
    return update_dns_spec().merge(run_spec()).merge(hosts_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), update_dns)


if __name__ == "__main__":
    main()
