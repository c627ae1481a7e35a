"""Reads a list of groups from standard input and prints [[name, url, description], ...] as JSON."""
import csv
import html.parser
import io
import json
import sys
import xml.etree.ElementTree


def from_csv(text):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["groupname", "url", "description"], rows[0]
    return rows[1:]


def from_xml(text):
    root = xml.etree.ElementTree.fromstring(text.encode())
    assert root.tag == "groups"
    return [
        [group.findtext("name"), group.findtext("url"), group.findtext("description/text") or ""] for group in root
    ]


def from_json(text):
    return [[g["name"], g["url"], g["description"]["text"]] for g in json.loads(text)["groups"]]


class Table(html.parser.HTMLParser):
    """Cells of a table; a line break counts as one."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.rows, self.cell, self.url = [], None, None

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.cell = ""
        elif tag == "a":
            self.url = dict(attributes)["href"]
        elif tag not in ("table", "th", "br"):
            raise AssertionError("a page runs what is no table: " + tag)

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag == "td":
            self.rows[-1].append(self.cell)
            self.cell = None


def from_html(text):
    table = Table()
    urls = []
    end = table.handle_endtag

    def remember(tag):
        if tag == "a":
            urls.append(table.url)
        end(tag)

    table.handle_endtag = remember
    table.feed(text)
    table.close()
    rows = [row for row in table.rows if row]
    return [[name, url, description] for (name, description), url in zip(rows, urls, strict=True)]


read = {"csv": from_csv, "xml": from_xml, "json": from_json, "html": from_html}[sys.argv[1]]
text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", newline="").read()
json.dump(read(text), sys.stdout)
