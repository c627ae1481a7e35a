"""Lets somebody list CN=Deleted Objects of a domain in a folder, by Samba's own library.

On Windows that is `dsacls "CN=Deleted Objects,DC=..." /G NAME:LCRP`.
"""
import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

folder, suffix, login = sys.argv[1:]
settings = LoadParm()
settings.load(f"{folder}/smb.conf")
domain = SamDB(url=f"{folder}/private/sam.ldb", lp=settings, session_info=system_session())
[person] = domain.search(suffix, expression=f"(sAMAccountName={login})", attrs=["objectSid"])
sid = ndr_unpack(security.dom_sid, bytes(person["objectSid"][0]))
place = ldb.Dn(domain, f"CN=Deleted Objects,{suffix}")
[found] = domain.search(
    place,
    scope=ldb.SCOPE_BASE,
    attrs=["nTSecurityDescriptor"],
    controls=["show_deleted:1", "sd_flags:1:4"],
)
rights = ndr_unpack(security.descriptor, bytes(found["nTSecurityDescriptor"][0]))
of_domain = security.dom_sid(domain.get_domain_sid())
text = rights.as_sddl(of_domain)
at = text.index("(")
text = f"{text[:at]}(A;;LCRP;;;{sid}){text[at:]}"
change = ldb.Message(place)
change["nTSecurityDescriptor"] = ldb.MessageElement(
    ndr_pack(security.descriptor.from_sddl(text, of_domain)),
    ldb.FLAG_MOD_REPLACE,
    "nTSecurityDescriptor",
)
domain.modify(change, controls=["show_deleted:1", "sd_flags:1:4"])
