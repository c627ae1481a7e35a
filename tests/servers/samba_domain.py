"""Makes an empty domain of Active Directory in a folder, with Samba's own library, as anybody.

samba-tool(8) does the same, and after that gives files to other users, which only root may.
"""
import logging
import sys

from samba import dsdb
from samba.auth import system_session
from samba.param import LoadParm
from samba.provision import provision

folder, realm, password = sys.argv[1:]
open(f"{folder}/empty.conf", "w").close()
settings = LoadParm()
settings.load(f"{folder}/empty.conf")
settings.set("ldb:nosync", "true")
provision(
    logging.getLogger(),
    system_session(),
    lp=settings,
    targetdir=folder,
    realm=realm,
    domain=realm.split(".")[0],
    hostname="dc1",
    hostip="127.0.0.1",
    adminpass=password,
    serverrole="active directory domain controller",
    dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2008_R2,
    dns_backend="NONE",
    use_rfc2307=True,
    skip_sysvolacl=True,
)
