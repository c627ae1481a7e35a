"""A canaille that holds people and groups in memory and answers SCIM requests on a port of 127.0.0.1.

Usage: canaille_server.py PORT TOKEN. Reads one JSON value a line from standard input, carries it out and answers `ok`:
{"people": [[login, name, email, open]...], "groups": [[name, [login...]]...]}, {"rename": [old, new]}, {"lock": login},
{"delete": login}, {"members": [group, [login...]]}. It has no other way in: what its own SCIM writes cannot do.
"""
import datetime
import json
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from werkzeug.serving import make_server

port, token = int(sys.argv[1]), sys.argv[2]
now = datetime.datetime.now(datetime.timezone.utc)
app = create_app(
    {
        "SECRET_KEY": "made up",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False},
        "CANAILLE_OIDC": {},
        "CANAILLE_SCIM": {"ENABLE_SERVER": True},
    }
)


def save(what):
    Backend.instance.save(what)


def person(login):
    return Backend.instance.get(models.User, user_name=login)


def carry_out(order):
    for login, name, email, is_open in order.get("people", []):
        names = {"family_name": name, "formatted_name": name, "display_name": name}
        save(models.User(user_name=login, emails=[email], lock_date=None if is_open else now, **names))
    for name, logins in order.get("groups", []):
        save(models.Group(display_name=name, members=[person(login) for login in logins]))
    if "rename" in order:
        somebody = person(order["rename"][0])
        somebody.user_name = order["rename"][1]
        save(somebody)
    if "lock" in order:
        somebody = person(order["lock"])
        somebody.lock_date = now
        save(somebody)
    if "delete" in order:
        Backend.instance.delete(person(order["delete"]))
    if "members" in order:
        group = Backend.instance.get(models.Group, display_name=order["members"][0])
        group.members = [person(login) for login in order["members"][1]]
        save(group)


with app.app_context():
    client = models.Client(client_id="gosync", client_name="gosync", client_id_issued_at=now)
    save(client)
    save(models.Token(token_id="t", access_token=token, client=client, issue_date=now, lifetime=86400, scope=[]))
threading.Thread(target=make_server("127.0.0.1", port, app, threaded=True).serve_forever, daemon=True).start()
for line in sys.stdin:
    with app.app_context():
        carry_out(json.loads(line))
    print("ok", flush=True)
