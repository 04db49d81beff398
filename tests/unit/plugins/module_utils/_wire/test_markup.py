# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import markup


@pytest.mark.parametrize("data", [b"", b"<a>", b"no", b"<a></b>", b'<?xml version="1.0" encoding="klingon"?><a/>', b"\xff\xfe<"])
def test_what_is_no_xml_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="not XML"):
        markup.parse(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_is_refused_before_its_entities_are_read(encoding: str) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>'.encode(encoding)
    with pytest.raises(ProtocolError, match="DOCTYPE"):
        markup.parse(bomb)


def test_a_page_that_is_no_envelope_is_refused() -> None:
    with pytest.raises(ProtocolError, match="html"):
        markup.body(markup.parse(b"<html><body/></html>"))
