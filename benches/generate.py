#!/usr/bin/env python3
"""Writes a made-up directory, the same one for the same seed, as the file provider's JSON and as LDIF for slapadd.

Names in many scripts, SSH keys, groups of very different sizes, and some people who may not log in. Needs Python's
standard library only. The LDIF names each entryUUID, so that both sources give the same people the same ids.
"""

import argparse
import base64
import json
import random

# Given and family names, each with the letters that make a login of it.
NAMES = [
    [("Alice", "alice"), ("James", "james"), ("Mary", "mary"), ("Owen", "owen"), ("Grace", "grace")],
    [("Liddell", "liddell"), ("O'Brien", "obrien"), ("Smith", "smith"), ("Taylor-Jones", "taylorjones")],
    [("José", "jose"), ("Zoë", "zoe"), ("Jürgen", "juergen"), ("Åsa", "asa"), ("Łucja", "lucja"), ("Çağla", "cagla")],
    [("Núñez", "nunez"), ("Müller", "mueller"), ("Øvergård", "overgard"), ("Wiśniewska", "wisniewska")],
    [("Олена", "olena"), ("Иван", "ivan"), ("Ђорђе", "djordje"), ("Светлана", "svetlana")],
    [("Пчілка", "pchilka"), ("Достоевский", "dostoevsky"), ("Петровић", "petrovic")],
    [("Ελένη", "eleni"), ("Γιώργος", "giorgos"), ("Άννα", "anna")],
    [("Παπαδοπούλου", "papadopoulou"), ("Νικολαΐδης", "nikolaidis")],
    [("محمد", "mohammed"), ("فاطمة", "fatima"), ("يوسف", "yusuf")],
    [("الخوارزمي", "alkhwarizmi"), ("حسين", "hussein")],
    [("דוד", "david"), ("מרים", "miriam")],
    [("לוי", "levi"), ("פרידמן", "friedman")],
    [("प्रिया", "priya"), ("अर्जुन", "arjun"), ("लक्ष्मी", "lakshmi")],
    [("शर्मा", "sharma"), ("गुप्ता", "gupta")],
    [("小明", "xiaoming"), ("伟", "wei"), ("秀英", "xiuying")],
    [("王", "wang"), ("欧阳", "ouyang"), ("李", "li")],
    [("健三郎", "kenzaburo"), ("さくら", "sakura")],
    [("大江", "oe"), ("佐藤", "sato")],
    [("민준", "minjun"), ("서연", "seoyeon")],
    [("김", "kim"), ("박", "park")],
    [("สมชาย", "somchai"), ("กมลา", "kamala")],
    [("ศรีสุข", "srisuk"), ("วงศ์ทอง", "wongthong")],
]
FIRST_UID, FIRST_GID = 100_000, 2_000_000
AREAS = ["physics", "chemistry", "biology", "maths", "history", "music", "law", "medicine", "it", "library"]
KINDS = ["staff", "students", "lab", "course", "project", "cluster", "archive", "seminar"]
SHELLS = ["/bin/bash"] * 8 + ["/bin/sh", "/usr/bin/zsh"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--groups", type=int, help="default: a twentieth of the people")
    parser.add_argument("--memberships", type=int, help="default: four times the people")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--suffix", default="dc=example,dc=org")
    parser.add_argument("--json", required=True, help="the document of the file provider")
    parser.add_argument("--ldif", required=True, help="the same for slapadd, schema rfc2307")
    given = parser.parse_args()
    given.groups = max(1, given.people // 20) if given.groups is None else given.groups
    given.memberships = 4 * given.people if given.memberships is None else given.memberships
    return given


def uuid(rng):
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def ssh_keys(rng, login):
    keys = []
    for _ in range(rng.choices([0, 1, 2, 3], [25, 50, 18, 7])[0]):
        if rng.random() < 0.8:
            kind, blob = "ssh-ed25519", b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + rng.randbytes(32)
        else:
            kind, blob = "ssh-rsa", b"\0\0\0\x07ssh-rsa\0\0\0\x03\x01\0\x01\0\0\x01\x01\0" + rng.randbytes(256)
        keys.append(f"{kind} {base64.b64encode(blob).decode()} {login}@laptop{rng.randrange(9)}")
    return keys


def people(rng, count):
    logins = {}
    for number in range(count):
        script = 2 * rng.randrange(len(NAMES) // 2)
        (given, first), (family, last) = rng.choice(NAMES[script]), rng.choice(NAMES[script + 1])
        # Institutions number their namesakes; the first has no number.
        stem = rng.choice([first[0] + last, last, first + "_" + last[0]])[:24]
        same = logins[stem] = logins.get(stem, 0) + 1
        login = stem if same == 1 else f"{stem}{same}"
        name = family + given if "\u3040" <= family[0] <= "\ud7ff" else f"{given} {family}"
        inactive = rng.choices([None, "expired", "nologin"], [96, 2, 2])[0]
        yield {
            "id": uuid(rng),
            "login": login,
            "name": name,
            "email": f"{login}@example.org",
            "active": inactive is None,
            "uid": FIRST_UID + number,
            "gid": 100,
            "home": f"/home/{login}",
            "shell": "/usr/sbin/nologin" if inactive == "nologin" else rng.choice(SHELLS),
            "ssh_keys": ssh_keys(rng, login),
        }


def sizes(rng, groups, memberships, people_count):
    """Few large groups and many small ones, some of them empty (Zipf's law)."""
    weights = [rng.uniform(0.7, 1.3) / (rank + 1) for rank in range(groups)]
    scale = memberships / sum(weights)
    found = [min(people_count, round(weight * scale)) for weight in weights]
    for empty in range(40, groups, 50):
        found[empty] = 0
    # What was lost by rounding, capping and emptying goes to the others, so that the total is what was asked for.
    rank, missing = 0, memberships - sum(found)
    while missing and any(size < people_count for size in found):
        step = 1 if missing > 0 else -1
        if rank % 50 != 40 and 0 <= found[rank] + step <= people_count:
            found[rank] += step
            missing -= step
        rank = (rank + 1) % groups
    return found


def groups(rng, given, members):
    """Groups in a mixed order; `members`: ids and logins."""
    for number, size in enumerate(sizes(rng, given.groups, given.memberships, len(members))):
        yield {
            "id": uuid(rng),
            "name": f"{rng.choice(AREAS)}-{rng.choice(KINDS)}-{number:04}",
            "description": f"Group {number}",
            "gid": FIRST_GID + number,
            "members": rng.sample(members, size),
        }


def line(name, value):
    value = str(value)
    plain = value.isascii() and not value.startswith((" ", ":", "<")) and "\n" not in value
    if plain:
        return f"{name}: {value}\n"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"


def person_entry(person, suffix):
    fields = [
        ("dn", f"uid={person['login']},ou=people,{suffix}"),
        *(("objectClass", name) for name in ["inetOrgPerson", "posixAccount", "shadowAccount", "ldapPublicKey"]),
        ("entryUUID", person["id"]),
        ("uid", person["login"]),
        ("cn", person["name"]),
        ("sn", person["name"].split()[-1]),
        ("mail", person["email"]),
        ("uidNumber", person["uid"]),
        ("gidNumber", person["gid"]),
        ("homeDirectory", person["home"]),
        ("loginShell", person["shell"]),
        *(("sshPublicKey", key) for key in person["ssh_keys"]),
    ]
    if not person["active"] and person["shell"] != "/usr/sbin/nologin":
        fields.append(("shadowExpire", 1))
    return "".join(line(*field) for field in fields) + "\n"


def group_entry(group, suffix):
    fields = [
        ("dn", f"cn={group['name']},ou=groups,{suffix}"),
        ("objectClass", "posixGroup"),
        ("entryUUID", group["id"]),
        ("cn", group["name"]),
        ("description", group["description"]),
        ("gidNumber", group["gid"]),
        *(("memberUid", login) for _, login in group["members"]),
    ]
    return "".join(line(*field) for field in fields) + "\n"


def head(suffix):
    parts = [f"dn: {suffix}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n"]
    parts += [f"dn: ou={ou},{suffix}\nobjectClass: organizationalUnit\nou: {ou}\n\n" for ou in ["people", "groups"]]
    return "".join(parts)


def main():
    given = arguments()
    rng = random.Random(given.seed)
    dump = lambda record: json.dumps(record, ensure_ascii=False)
    members = []
    with open(given.json, "w", encoding="utf-8") as document, open(given.ldif, "w", encoding="ascii") as ldif:
        ldif.write(head(given.suffix))
        document.write('{"users": [\n')
        for person in people(rng, given.people):
            document.write((",\n" if members else "") + dump(person))
            ldif.write(person_entry(person, given.suffix))
            members.append((person["id"], person["login"]))
        document.write('\n],\n"groups": [\n')
        for number, group in enumerate(groups(rng, given, members)):
            listed = [{"user": user} for user, _ in group["members"]]
            document.write((",\n" if number else "") + dump({**group, "members": listed}))
            ldif.write(group_entry(group, given.suffix))
        document.write("\n]}\n")


if __name__ == "__main__":
    main()
