#!/usr/bin/env python3
"""Drives the stand-in for Globus with the real globus-sdk: what the official client can do with it, it does right.

    globus_sdk_check.py URL CLIENT_ID CLIENT_SECRET OTHER_ID OTHER_SECRET ALICE_ID BOB_ID BOB_USERNAME
"""

import sys

import globus_sdk
from globus_sdk import (
    AccessTokenAuthorizer, BasicAuthorizer, BatchMembershipActions, ClientCredentialsAuthorizer,
    ConfidentialAppAuthClient, GroupsAPIError, GroupsClient, GroupsManager,
)

URL, ID, SECRET, OTHER_ID, OTHER_SECRET, ALICE, BOB, BOB_NAME = sys.argv[1:]
GROUPS = "urn:globus:auth:scope:groups.api.globus.org:all"
AUTH = "urn:globus:auth:scope:auth.globus.org:view_identities"


def refused(call, *args, **more):
    try:
        call(*args, **more)
    except globus_sdk.GlobusAPIError as error:
        return error
    raise AssertionError(f"{call.__name__} was not refused")


def clients(client_id, secret):
    auth = ConfidentialAppAuthClient(client_id, secret, base_url=URL)
    return auth, GroupsManager(GroupsClient(base_url=URL, authorizer=ClientCredentialsAuthorizer(auth, GROUPS)))


def status(groups, group, identity):
    rows = groups.client.get_group(group, include="memberships")["memberships"]
    found = [row for row in rows if row["identity_id"] == identity and "source_group_id" not in row]
    return (found[0]["role"], found[0]["status"]) if found else None


auth, groups = clients(ID, SECRET)
_, other = clients(OTHER_ID, OTHER_SECRET)

# One token for each resource server, whichever stands at the top.
for scopes in ([GROUPS, AUTH], [AUTH, GROUPS]):
    tokens = auth.oauth2_client_credentials_tokens(scopes).by_resource_server
    assert set(tokens) == {"groups.api.globus.org", "auth.globus.org"}, tokens
    for server, token in tokens.items():
        assert server.split(".")[0] in token["access_token"] and token["expires_at_seconds"] > 0
wrong = refused(ConfidentialAppAuthClient(ID, "wrong", base_url=URL).oauth2_client_credentials_tokens, GROUPS)
assert wrong.http_status == 401, wrong

# A token opens its own server only.
stolen = GroupsClient(base_url=URL, authorizer=AccessTokenAuthorizer(tokens["auth.globus.org"]["access_token"]))
error = refused(stolen.get_my_groups)
assert (error.http_status, error.code) == (401, "INVALID_TOKEN"), error
assert isinstance(error, GroupsAPIError) and error.message and error.info.authorization_parameters

# Identities, by Basic and by a token.
basic = globus_sdk.AuthClient(base_url=URL, authorizer=BasicAuthorizer(ID, SECRET))
found = basic.get_identities(ids=[ALICE, BOB])
assert {identity["id"] for identity in found} == {ALICE, BOB}
token = AccessTokenAuthorizer(tokens["auth.globus.org"]["access_token"])
service = globus_sdk.AuthClient(base_url=URL, authorizer=token)
assert [identity["id"] for identity in service.get_identities(usernames=BOB_NAME)] == [BOB]
assert list(basic.get_identities(usernames="nobody@example.org")) == []
nobody = globus_sdk.AuthClient(base_url=URL, authorizer=AccessTokenAuthorizer("nonsense"))
error = refused(nobody.get_identities, ids=ALICE)
assert (error.http_status, error.code) == (401, "UNAUTHORIZED"), error

# Create, and read back.
made = groups.create_group("osg.test", "A <b>test</b>")
assert made.http_status == 201, made
group = made["id"]
below = groups.create_group("osg.test.below", "Below", parent_id=group)["id"]
found = groups.client.get_group(group, include="memberships,child_ids,policies,my_memberships")
assert (found["name"], found["description"], found["child_ids"]) == ("osg.test", "A <b>test</b>", [below])
assert status(groups, group, ID) == ("admin", "active")
mine = {g["id"]: g for g in groups.client.get_my_groups()}
assert {group, below} <= set(mine) and mine[below]["parent_id"] == group and "memberships" not in mine[group]
assert mine[group]["my_memberships"][0]["role"] == "admin" and "description" not in mine[group]
assert refused(groups.create_group, "", "").http_status == 422

# Add; those who are there already are told in a success.
answer = groups.add_member(group, ALICE)
assert answer["add"][0]["status"] == "active" and "errors" not in answer
answer = groups.add_member(group, ALICE, role="manager")
assert answer.http_status == 200 and answer["errors"]["add"][0]["code"] == "ALREADY_ACTIVE" and answer["add"] == []
assert status(groups, group, ALICE) == ("member", "active")

# Change a role.
answer = groups.change_role(group, ALICE, "manager")
assert answer["change_role"][0]["role"] == "manager" and status(groups, group, ALICE) == ("manager", "active")

# The same identity twice fails the whole request.
batch = BatchMembershipActions().add_members([BOB]).remove_members([BOB, ALICE])
error = refused(groups.client.batch_membership_action, group, batch)
assert error.http_status == 400 and error.raw_json["ambiguous_identities"] == [BOB], error.raw_json
assert status(groups, group, BOB) is None and status(groups, group, ALICE) == ("manager", "active")

# Policies: read, and replaced as a whole.
assert groups.client.get_group_policies(group)["join_requests"] is False
policies = dict(
    is_high_assurance=False, group_visibility="authenticated", group_members_visibility="members", join_requests=True,
    signup_fields=["institution"], authentication_assurance_timeout=28800,
)
answer = groups.set_group_policies(group, **policies)
assert answer.data == policies == groups.client.get_group_policies(group).data
assert refused(groups.set_group_policies, group, **{**policies, "group_visibility": "everybody"}).http_status == 422

# Ask to join, approve; ask again, reject. What may not be done fails the whole request.
assert other.request_join(group, OTHER_ID)["request_join"][0]["status"] == "pending"
assert refused(other.approve_pending, group, OTHER_ID).http_status == 403
assert refused(groups.request_join, group, BOB).http_status == 403
assert groups.approve_pending(group, OTHER_ID)["approve"][0]["status"] == "active"
assert refused(other.change_role, group, ALICE, "admin").code == "FORBIDDEN_ACTION"
assert other.leave(group, OTHER_ID)["leave"][0]["status"] == "left"
assert groups.add_member(group, OTHER_ID)["errors"]["add"][0]["detail"]
assert groups.invite_member(group, OTHER_ID)["invite"][0]["status"] == "invited"
assert other.decline_invite(group, OTHER_ID)["decline"][0]["status"] == "declined"
assert other.request_join(group, OTHER_ID)["request_join"] and groups.reject_join_request(group, OTHER_ID)["reject"]
assert status(groups, group, OTHER_ID) == ("member", "rejected")

# Remove.
assert groups.remove_member(group, ALICE)["remove"][0]["status"] == "removed"
assert groups.remove_member(group, BOB)["errors"]["remove"][0]["code"] == "NO_MEMBERSHIP"

# Who is in a group below is implied above.
groups.add_member(below, BOB)
rows = groups.client.get_group(group, include="memberships")["memberships"]
assert [row["source_group_id"] for row in rows if row["identity_id"] == BOB] == [below]
children = groups.client.get(f"/v2/groups/{group}/children")["children"]
assert [child["id"] for child in children] == [below]
counts = groups.client.get("/v2/groups/statuses")[group]
assert (counts["active"], counts["removed"], counts["rejected"]) == (1, 1, 1), counts

# Write the rest of a group, delete one.
groups.client.update_group(group, {"name": "osg.test", "description": "New"})
assert groups.client.get_group(group)["description"] == "New"
assert refused(groups.client.update_group, group, {"description": "New"}).http_status == 422
assert groups.client.delete_group(below)["id"] == below
assert refused(groups.client.get_group, below).http_status == 404

print("globus-sdk", globus_sdk.__version__, "agrees")
