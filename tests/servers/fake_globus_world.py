"""All that the stand-in for Globus knows, and what it answers: the rules of Globus Groups (API v2) and Globus Auth.

fake_globus.py puts it on a port, and says where its rules come from.
"""

import uuid

GROUPS, AUTH = "groups.api.globus.org", "auth.globus.org"
SCOPES = {
    "urn:globus:auth:scope:groups.api.globus.org:all": GROUPS,
    "urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships": GROUPS,
    "urn:globus:auth:scope:auth.globus.org:view_identities": AUTH,
    "openid": AUTH,
}
ROLES = ("member", "manager", "admin")
STATUSES = ("active", "invited", "pending", "rejected", "removed", "left", "declined")
SIGNUP_FIELDS = (
    "institution current_project_name address city state country address1 address2 zip phone department "
    "field_of_science"
).split()
POLICIES = {
    "is_high_assurance": False,
    "authentication_assurance_timeout": 28800,
    "group_visibility": "private",
    "group_members_visibility": "managers",
    "join_requests": False,
    "signup_fields": [],
}


class Answer(Exception):
    """An answer other than the expected one."""

    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


def refuse(status, code, detail, **more):
    """An error of Groups."""
    raise Answer(status, {"code": code, "detail": detail, **more})


def refuse_auth(status, code, detail):
    """An error of Auth."""
    error = {"status": str(status), "id": str(uuid.uuid4()), "code": code, "detail": detail, "title": code.title()}
    raise Answer(status, {"errors": [error], "error": code.lower(), "error_description": code.title()})


def unprocessable(*where, msg="value is not valid"):
    """An error of the framework that Groups is made with."""
    raise Answer(422, {"detail": [{"loc": list(where), "msg": msg, "type": "value_error"}]})


def a_uuid(text, *where):
    try:
        return str(uuid.UUID(text))
    except (ValueError, TypeError, AttributeError):
        unprocessable(*where, msg="value is not a valid uuid")


class World:
    """All that the two services know."""

    def __init__(self, world):
        self.clients = {c["id"].lower(): c["secret"] for c in world.get("clients", [])}
        self.identities = {}
        for client in self.clients:
            self.identity({"id": client, "username": f"{client}@clients.auth.globus.org", "status": "used"})
        for identity in world.get("identities", []):
            self.identity(identity)
        self.groups = {}
        for group in world.get("groups", []):
            memberships = [dict(m) for m in group.get("memberships", [])]
            self.groups[group["id"]] = {
                "id": group["id"],
                "name": group["name"],
                "description": group.get("description"),
                "parent_id": group.get("parent_id"),
                "terms_and_conditions": group.get("terms_and_conditions"),
                "subscription_admin_verified_id": None,
                "policies": {**POLICIES, **group.get("policies", {})},
                "memberships": {m["identity_id"]: {"role": "member", "status": "active", **m} for m in memberships},
            }
        self.tokens = {}
        self.count = 0

    def identity(self, identity):
        empty = {"name": None, "email": None, "organization": None, "status": "used", "identity_type": "login"}
        provider = {"identity_provider": "41143743-f3c8-4d60-bbdb-eeecaba85bd9"}
        self.identities[identity["id"]] = {**empty, **provider, **identity}

    # Auth

    def token(self, client, form):
        if form.get("grant_type") != ["client_credentials"]:
            raise Answer(400, {"error": "unsupported_grant_type"})
        servers = {}
        for scope in form.get("scope", [""])[0].split():
            if scope not in SCOPES:
                raise Answer(400, {"error": "invalid_scope", "error_description": f"Unknown scope {scope}"})
            servers.setdefault(SCOPES[scope], []).append(scope)
        granted = []
        for server, scopes in servers.items():
            self.count += 1
            token = f"Ag-{server.split('.')[0]}-CANARY-TOKEN-{self.count}"
            self.tokens[token] = (client, server)
            granted.append({
                "access_token": token,
                "scope": " ".join(scopes),
                "expires_in": 172800,
                "token_type": "Bearer",
                "resource_server": server,
            })
        return {**granted[0], "other_tokens": granted[1:]}

    def look_up(self, query):
        if ("ids" in query) == ("usernames" in query):
            refuse_auth(400, "BAD_REQUEST", "Exactly one of ids and usernames must be given")
        if "ids" in query:
            wanted = [a.lower() for a in query["ids"][0].split(",")]
            found = [self.identities[i] for i in wanted if i in self.identities]
        else:
            wanted = [a.lower() for a in query["usernames"][0].split(",")]
            found = [i for i in self.identities.values() if i["username"].lower() in wanted]
        if len(wanted) > 100:
            refuse_auth(400, "BAD_REQUEST", "Too many")
        return {"identities": found}

    # Groups

    def group(self, group_id, me, role=None):
        group = self.groups.get(a_uuid(group_id, "path", "group_id"))
        mine = self.mine(group, me) if group else None
        if group is None or (mine is None and group["policies"]["group_visibility"] == "private"):
            refuse(404, "GROUP_NOT_FOUND", "The group does not exist, or you may not see it.")
        if role and (mine is None or ROLES.index(mine["role"]) < ROLES.index(role)):
            refuse(403, "FORBIDDEN", f"You need the role {role} in this group.")
        return group

    def mine(self, group, me):
        mine = group["memberships"].get(me)
        return mine if mine and mine["status"] == "active" else None

    def membership(self, group, row, **more):
        # A status of null is left out: some real answers do that.
        out = {
            "group_id": group["id"],
            "identity_id": row["identity_id"],
            "username": self.identities.get(row["identity_id"], {}).get("username", "unknown@example.org"),
            "role": row["role"],
            "status": row["status"],
            "status_reason": None,
            "invite_email_address": None,
            "membership_fields": {},
            "updated": row.get("updated"),
            **more,
        }
        return {key: value for key, value in out.items() if not (key == "status" and value is None)}

    def below(self, group):
        for child in self.groups.values():
            if child["parent_id"] == group["id"]:
                yield child
                yield from self.below(child)

    def document(self, group, me, include=()):
        out = {key: group[key] for key in ("id", "name", "description", "parent_id", "terms_and_conditions")}
        out.update(group_type="regular", enforce_session=False, session_limit=28800, session_timeouts={})
        out["subscription_admin_verified_id"] = group["subscription_admin_verified_id"]
        if "child_ids" in include:
            out["child_ids"] = [g["id"] for g in self.groups.values() if g["parent_id"] == group["id"]]
        if "policies" in include:
            out["policies"] = group["policies"]
        mine = self.mine(group, me)
        if "my_memberships" in include:
            out["my_memberships"] = [self.membership(group, mine)] if mine else []
        open_to_members = group["policies"]["group_members_visibility"] == "members"
        if "memberships" in include and mine and (mine["role"] != "member" or open_to_members):
            rows = [self.membership(group, row) for row in group["memberships"].values()]
            for child in self.below(group):
                implied = (row for row in child["memberships"].values() if row["status"] == "active")
                rows += [self.membership(group, row, role="member", source_group_id=child["id"]) for row in implied]
            out["memberships"] = rows
        return out

    def my_groups(self, me, query):
        statuses = query.get("statuses", ["active"])[0].split(",")
        if not set(statuses) <= set(STATUSES):
            refuse(422, "UNPROCESSABLE", "Unknown status.")
        out = []
        for group in self.groups.values():
            row = group["memberships"].get(me)
            if row and row["status"] in statuses:
                document = self.document(group, me)
                for key in ("description", "terms_and_conditions", "subscription_admin_verified_id"):
                    del document[key]
                visible = ("group_visibility", "group_members_visibility")
                document["policies"] = {key: group["policies"][key] for key in visible}
                document["my_memberships"] = [self.membership(group, row)]
                out.append(document)
        return out

    def statuses(self, me):
        managed = [g for g in self.groups.values() if (self.mine(g, me) or {"role": "member"})["role"] != "member"]
        count = lambda group, status: sum(row["status"] == status for row in group["memberships"].values())
        return {group["id"]: {status: count(group, status) for status in STATUSES} for group in managed}

    def create(self, me, body):
        parent = body.get("parent_id")
        if not isinstance(body.get("name"), str) or not body["name"]:
            unprocessable("body", "name", msg="field required")
        if parent:
            self.group(parent, me, "admin")
        group = {
            "id": str(uuid.uuid4()),
            "name": body["name"],
            "description": body.get("description"),
            "parent_id": parent,
            "terms_and_conditions": body.get("terms_and_conditions"),
            "subscription_admin_verified_id": None,
            "policies": dict(POLICIES),
            "memberships": {me: {"identity_id": me, "role": "admin", "status": "active"}},
        }
        self.groups[group["id"]] = group
        return self.document(group, me, ("my_memberships",))

    def write(self, group, body):
        if not isinstance(body.get("name"), str) or not body["name"]:
            unprocessable("body", "name", msg="field required")
        writable = ("name", "description", "terms_and_conditions", "subscription_admin_verified_id")
        unknown = set(body) - set(writable)
        if unknown:
            unprocessable("body", sorted(unknown)[0], msg="extra fields not permitted")
        # PUT replaces: what is not sent is gone.
        group.update({key: body.get(key) for key in writable})

    def set_policies(self, group, body):
        choices = {
            "group_visibility": ("authenticated", "private"),
            "group_members_visibility": ("members", "managers"),
        }
        for key, kind in (("is_high_assurance", bool), ("join_requests", bool), ("signup_fields", list)):
            if not isinstance(body.get(key), kind):
                unprocessable("body", key)
        for key, allowed in choices.items():
            if body.get(key) not in allowed:
                unprocessable("body", key)
        if not set(body["signup_fields"]) <= set(SIGNUP_FIELDS):
            unprocessable("body", "signup_fields")
        group["policies"] = {key: body.get(key) for key in POLICIES}
        return group["policies"]

    def act(self, group, me, body):
        actions = {key: rows for key, rows in body.items() if rows}
        seen, twice = set(), set()
        for action, rows in actions.items():
            if action not in ACTIONS:
                unprocessable("body", action, msg="extra fields not permitted")
            for n, row in enumerate(rows):
                row["identity_id"] = a_uuid(row.get("identity_id"), "body", action, n, "identity_id")
                if row.get("role", "member") not in ROLES or (action == "change_role" and "role" not in row):
                    unprocessable("body", action, n, "role")
                (twice if row["identity_id"] in seen else seen).add(row["identity_id"])
        if twice:
            detail = "Identities may be named once in a request."
            refuse(400, "AMBIGUOUS_IDENTITIES", detail, ambiguous_identities=sorted(twice))
        # An action that we may not take fails the whole request, before anything is done.
        mine = self.mine(group, me)
        mine = mine["role"] if mine else None
        for action, rows in actions.items():
            self.may(action, rows, mine, group, me)
        results, errors = {}, {}
        for action, rows in actions.items():
            results[action] = []
            for row in rows:
                error = self.one(group, action, row)
                if error:
                    failed = {"identity_id": row["identity_id"], "code": error[0], "detail": error[1]}
                    errors.setdefault(action, []).append(failed)
                else:
                    results[action].append(self.membership(group, group["memberships"][row["identity_id"]]))
        if errors:
            results["errors"] = errors
        return results

    def may(self, action, rows, mine, group, me):
        forbidden = None
        if action in ("accept", "decline", "join", "leave", "request_join"):
            if any(row["identity_id"] != me for row in rows):
                forbidden = "You can do that for yourself only."
            elif action in ("join", "request_join") and not group["policies"]["join_requests"]:
                forbidden = "This group takes no requests."
        elif mine not in ("manager", "admin"):
            forbidden = "You need to be a manager or an administrator."
        elif action == "change_role" and mine != "admin":
            forbidden = "Only an administrator can change roles."
        elif action in ("add", "invite") and mine != "admin" and any(r.get("role", "member") != "member" for r in rows):
            forbidden = "Only an administrator can add managers and administrators."
        elif action == "remove" and mine != "admin":
            roles = (group["memberships"].get(row["identity_id"], {}).get("role") for row in rows)
            forbidden = "Only an administrator can remove an administrator." if "admin" in roles else None
        if forbidden:
            refuse(403, "FORBIDDEN_ACTION", forbidden)

    def one(self, group, action, row):
        """Does one thing to one person; returns why not."""
        who = row["identity_id"]
        found = group["memberships"].get(who)
        status = found["status"] if found else None
        needed, then = ACTIONS[action]
        if action in ("add", "invite", "join", "request_join"):
            if who not in self.identities:
                return ("X_NO_IDENTITY", "There is no such identity.")
            if status == "active":
                return ("ALREADY_ACTIVE", "The identity is an active member already.")
            if action == "add" and status == "left":
                return ("X_LEFT", "The identity left this group; invite it.")
            role = row.get("role", "member")
            group["memberships"][who] = {"identity_id": who, "role": role, "status": then}
            return None
        if status is None:
            return ("NO_MEMBERSHIP", "The identity has no membership in this group.")
        if status not in needed:
            return ("X_STATUS", f"The membership is {status}.")
        admins = [m for m in group["memberships"].values() if m["role"] == "admin" and m["status"] == "active"]
        is_last = found in admins and len(admins) == 1 and row.get("role") != "admin"
        if action in ("leave", "remove", "change_role") and is_last:
            return ("X_LAST_ADMIN", "The last administrator has to stay.")
        found["status"] = then or status
        found["role"] = row.get("role", found["role"]) if action == "change_role" else found["role"]
        return None


# What a membership has to be, and what it is afterwards.
ACTIONS = {
    "accept": (("invited",), "active"),
    "add": ((), "active"),
    "approve": (("pending",), "active"),
    "change_role": (("active",), None),
    "decline": (("invited",), "declined"),
    "invite": ((), "invited"),
    "join": ((), "active"),
    "leave": (("active",), "left"),
    "reject": (("pending",), "rejected"),
    "remove": (("active", "invited"), "removed"),
    "request_join": ((), "pending"),
}
