# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The types that an answer does not tell.

A WMI answer writes ``<p:Name>7</p:Name>`` for a string and ``<p:Index>7</p:Index>`` for a number, and a list of one value
like that value alone. The published schema of the classes used here settles both, by name; a property that is not
named below is read as what it looks like. (Names: documentation of the WMI classes of Windows Server.)
"""

from __future__ import annotations

#: Properties and out parameters of type string or datetime, in small letters: never turned into a number or a truth value.
STRINGS = frozenset(
    """
    accessinfo adaptertype address advertisedrouterlifetime aliasaddresses announcecomment arguments author bootdevice bootupstate buildnumber buildtype
    caption categorystring chassisskunumber clientcomputername clienttype clientusername clusternodename codeset commandline componentid compressionmethod
    computername connectionspecificsuffix connectionspecificsuffixsearchlist countrycode creationclassname creationdate creationtime cscreationclassname
    csdversion csname databasepath date defaultipgateway deleteexpiredtaskafter description destinationaddress destinationprefix deviceid devicename
    dhcpleaseexpires dhcpleaseobtained dhcpserver dialect displayname dnsdomain dnsdomainsuffixsearchorder dnshostname dnsserversearchorder
    dnssuffixestoappend documentation domain drive driverdate driverdescription drivername driverprovider driverversionstring eightdotthreefilename
    elementname encryptionciphers encryptionmethod entry environmentvariables errorcontrol errordescription errormethodology executablepath execute
    executiontimelimit extension filename filesystem filetype fixcomments fscreationclassname fsname groupaddresses groupid guid handle hostname hotfixid
    id identifyingdescriptions identifyingnumber initialloadinfo insertionstrings installdate installedby installedon instanceid interfacealias
    interfacedescription interfaceguid interfacename ipsecpermitipprotocols ipsecpermittcpports ipsecpermitudpports ipsubnet ipv4address ipv6address
    ipxaddress ipxnetworknumber ipxvirtualnetnumber lanid lastaccessed lastbootuptime lastloadinfo lastmodified lastruntime linklayeraddress localaddress
    localdatetime locale logfile logfilename macaddress manufacturer message model muilanguages name nameformat netconnectionid networkaddresses nexthop
    nextruntime nullsessionpipes nullsessionshares oemstringarray organization osarchitecture oscreationclassname osname otheraccesscontext
    otherenabledstate otheridentifyinginfo otherinfoformatdescription otherlantype otherlinktechnology othernetworkporttype otherporttype
    othertypedescription overwritepolicy path pathname permanentaddress plusproductid plusversionnumber pnpdeviceid preferredlifetime primaryownercontact
    primaryownername productname protocoladdress protocoladdressresolved providername purpose qospolicyid registereduser remoteaddress requiredprivilege
    restartinterval roles routerecord routerecordresolved scopename securitydescriptor serialnumber serveraddresses servicename servicepackineffect
    servicetype settingid sharename sharerelativepath sid skunumber snames source sourcename sourceroute sources startmode startname statusdescriptions
    stopfilename subnetmask suffixsearchlist supportcontactdescription svalue systemcreationclassname systemdevice systemdirectory systemdrive
    systemfamily systemname systemskunumber systemstartupoptions systemtype taskname taskpath terminationdate timegenerated timeoflastreset
    timeoflaststatechange timestamprecordaddress timestamprecordaddressresolved timewritten title transportname uri user userid username uuid
    validlifetime variablevalue vendor version volume volumename volumeserialnumber windowsdirectory windowsversion winshostlookupfile winsprimaryserver
    winsscopeid winssecondaryserver winstationdesktop workgroup workingdirectory
    """.split()
)

#: Properties and out parameters that are lists in every class here: always a list, also with one value.
LISTS = frozenset(
    """
    actions additionalavailability aliasaddresses availablerequestedstates bootstatus connectionspecificsuffixsearchlist defaultipgateway dhcpoptionstouse
    dnsdomainsuffixsearchorder dnsserversearchorder dnssuffixestoappend environmentvariables gatewaycostmetric groupaddresses higherlayerinterfaceindices
    identifyingdescriptions initialloadinfo insertionstrings ipsecpermitipprotocols ipsecpermittcpports ipsecpermitudpports ipsubnet ipxframetype
    ipxnetworknumber lowerlayerinterfaceindices muilanguages networkaddresses oemlogobitmap oemstringarray operationalstatus otheridentifyinginfo
    powermanagementcapabilities requiredprivilege roles routerecord routerecordresolved serveraddresses snames sources statusdescriptions suffixsearchlist
    supportcontactdescription systemstartupoptions timestamprecord timestamprecordaddress timestamprecordaddressresolved triggers types
    """.split()
)

#: Names that are lists in some classes or methods only: "class" or "class.method", in small letters.
LISTS_OF = {
    "win32_networkadapterconfiguration": frozenset({"ipaddress"}),
    "win32_ntlogevent": frozenset({"data"}),
    "stdregprov.getmultistringvalue": frozenset({"svalue"}),
    "stdregprov.getbinaryvalue": frozenset({"uvalue"}),
    "msft_netipaddress.create": frozenset({"cmdletoutput"}),
    "msft_netneighbor.create": frozenset({"cmdletoutput"}),
    "msft_netroute.create": frozenset({"cmdletoutput"}),
    "msft_netroute.find": frozenset({"cmdletoutput"}),
    "msft_smbshare.grantaccess": frozenset({"output"}),
    "msft_smbshare.blockaccess": frozenset({"output"}),
    "msft_smbshare.getaccesscontrolentries": frozenset({"output"}),
    "msft_smbshare.enumerateshares": frozenset({"output"}),
}


def is_string(name: str) -> bool:
    return name.lower() in STRINGS


def is_list(name: str, owner: str) -> bool:
    """``owner`` is the class, or ``class.method`` for an out parameter; "" when unknown."""
    return name.lower() in LISTS or name.lower() in LISTS_OF.get(owner.lower(), frozenset())
