#!/usr/bin/env python3
"""A stand-in for Globus Groups (API v2) and Globus Auth, for tests: what gosync uses of them, on loopback, in memory.

It follows the services' OpenAPI documents and the answers that globus-sdk and globus-cli test with. It is driven by the
real globus-sdk in globus_sdk_check.py, so that it is not only our idea of the service. Codes of errors that are not
documented begin with X_: nothing may depend on them.

    fake_globus.py PORT_FILE [WORLD]

WORLD is a JSON document: {"clients": [{id, secret}], "identities": [...], "groups": [{id, name, parent_id, description,
policies, memberships: [{identity_id, role, status}]}]}. Tests steer it at /_control (POST), which is no part of the
service: {"world": {...}, "faults": [...]}; the answer is {"log": [...], "groups": [...]}, the log since the last time.
A fault is {"match": REGEX for "METHOD /path?query", "times": N, "skip": N, "kind": KIND, ...} with the kinds
  status (status, body, headers)    text (text)    edit (path: keys, value)    cut (bytes)    html
  join (group, membership: who joins just then)    revoke (no token is accepted any more)
"""

import base64
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

# Nothing is to be left in the source tree.
sys.dont_write_bytecode = True

from fake_globus_world import AUTH, GROUPS, Answer, World, refuse, refuse_auth, unprocessable


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world, faults, log, lock = World({}), [], [], threading.Lock()

    def log_message(self, *_):
        pass

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.path == "/_control":
            return self.send(200, self.control(json.loads(body or b"{}")))
        with Handler.lock:
            fault = self.fault()
            if fault and fault["kind"] == "status":
                status, answer = fault["status"], fault.get("body", {"code": "BUSY", "detail": "Later."})
            else:
                try:
                    status, answer = self.route(urlsplit(self.path), body)
                except Answer as other:
                    status, answer = other.status, other.body
            Handler.log.append({"method": self.command, "path": self.path, "status": status})
            # Otherwise another request may change what is being written.
            answer = json.loads(json.dumps(answer))
        if fault and fault["kind"] == "edit":
            inner = answer
            for key in fault["path"][:-1]:
                inner = inner[key]
            inner[fault["path"][-1]] = fault["value"]
        if fault and fault["kind"] == "html":
            return self.send(200, "<html><body>Please sign in</body></html>", "text/html")
        if fault and fault["kind"] == "text":
            return self.send(200, fault["text"], "application/json")
        if fault and fault["kind"] == "cut":
            return self.send(status, answer, cut=fault["bytes"])
        self.send(status, answer, headers=(fault or {}).get("headers", {}))

    do_GET = do_POST = do_PUT = do_DELETE = handle_one

    def fault(self):
        line = f"{self.command} {unquote(self.path)}"
        for fault in Handler.faults:
            if fault.get("times", 1 << 30) > 0 and re.search(fault["match"], line):
                if fault.get("skip", 0) > 0:
                    fault["skip"] -= 1
                    continue
                fault["times"] = fault.get("times", 1 << 30) - 1
                if fault["kind"] == "join":
                    group = Handler.world.groups[fault["group"]]
                    row = {"role": "member", "status": "active", **fault["membership"]}
                    group["memberships"][row["identity_id"]] = row
                    return None
                if fault["kind"] == "revoke":
                    Handler.world.tokens.clear()
                    return None
                return fault
        return None

    def control(self, wish):
        with Handler.lock:
            if "world" in wish:
                Handler.world, Handler.log, Handler.faults = World(wish["world"]), [], []
            if "faults" in wish:
                Handler.faults = wish["faults"]
            groups = [{**g, "memberships": list(g["memberships"].values())} for g in Handler.world.groups.values()]
            log, Handler.log = Handler.log, []
            return {"log": log, "groups": groups}

    def send(self, status, body, media_type="application/json", headers=None, cut=None):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if cut is not None:
            data = data[:cut]
            self.close_connection = True
        self.wfile.write(data)

    def client(self):
        """Who sends a Basic header: the id and the secret as they are."""
        kind, _, credentials = self.headers.get("Authorization", "").partition(" ")
        try:
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            name = secret = ""
        known = Handler.world.clients.get(name.lower())
        return name.lower() if kind.lower() == "basic" and known is not None and known == secret else None

    def bearer(self, server):
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None, "missing"
        client, of = Handler.world.tokens.get(token, (None, None))
        return (client, "") if of == server else (None, "invalid")

    def route(self, url, body):
        query = parse_qs(url.query, keep_blank_values=True)
        world, parts = Handler.world, [unquote(p) for p in url.path.strip("/").split("/")]
        if (self.command, parts) == ("POST", ["v2", "oauth2", "token"]):
            client = self.client()
            if client is None:
                raise Answer(401, {"error": "invalid_client"})
            return 200, world.token(client, parse_qs(body.decode()))
        if (self.command, parts) == ("GET", ["v2", "api", "identities"]):
            if self.bearer(AUTH)[0] is None and self.client() is None:
                refuse_auth(401, "UNAUTHORIZED", "Call must be authenticated")
            return 200, world.look_up(query)
        if parts[:2] != ["v2", "groups"]:
            refuse(404, "NOT_FOUND", "Not Found")
        me, why = self.bearer(GROUPS)
        if me is None:
            codes = {"missing": "AUTHENTICATION_ERROR", "invalid": "INVALID_TOKEN"}
            more = {"authorization_parameters": {"required_scopes": []}}
            refuse(401, codes[why], "The token is missing or not valid.", **more)
        try:
            document = json.loads(body) if body else None
        except ValueError:
            unprocessable("body", msg="not JSON")
        if document is not None and not isinstance(document, dict):
            unprocessable("body", msg="value is not a valid dict")
        return self.groups(world, me, parts[2:], query, document)

    def groups(self, world, me, parts, query, body):
        include = query.get("include", [""])[0].split(",")
        match self.command, parts:
            case "GET", ["my_groups"]:
                return 200, world.my_groups(me, query)
            case "GET", ["statuses"]:
                return 200, world.statuses(me)
            case "POST", []:
                return 201, world.create(me, body or {})
            case "GET", [group]:
                return 200, world.document(world.group(group, me), me, include)
            case "GET", [group, "children"]:
                found = world.group(group, me)
                children = (g for g in world.groups.values() if g["parent_id"] == found["id"])
                return 200, {"children": [world.document(child, me, include) for child in children]}
            case "POST", [group]:
                return 200, world.act(world.group(group, me), me, body or {})
            case "PUT", [group]:
                found = world.group(group, me, "admin")
                world.write(found, body or {})
                return 200, world.document(found, me)
            case "DELETE", [group]:
                found = world.group(group, me, "admin")
                del world.groups[found["id"]]
                return 200, world.document(found, me)
            case "GET", [group, "policies"]:
                return 200, world.group(group, me)["policies"]
            case "PUT", [group, "policies"]:
                return 200, world.set_policies(world.group(group, me, "admin"), body or {})
        refuse(405, "METHOD_NOT_ALLOWED", "Method Not Allowed")


def main():
    if len(sys.argv) > 2:
        Handler.world = World(json.loads(sys.argv[2]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # Written aside, so that nobody reads half a number.
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_port))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
