"""Order-insensitive HTML comparison, enough for assertHTMLEqual / assertInHTML."""

import re
from html.parser import HTMLParser

VOID = set("area base br col embed hr img input link meta param source track wbr".split())
_ws = re.compile(r"[ \t\n\r\f]+")


class Node:
    def __init__(self, name, attrs=()):
        self.name, self.children = name, []
        self.attrs = tuple(
            sorted((k, " ".join(sorted((v or "").split())) if k == "class" else v) for k, v in attrs)
        )

    def add(self, c):
        if isinstance(c, str):
            c = _ws.sub(" ", c)
            if self.children and isinstance(self.children[-1], str):
                self.children[-1] = _ws.sub(" ", self.children[-1] + c)
                return
        self.children.append(c)

    def done(self):
        self.children = [c.strip() if isinstance(c, str) else c for c in self.children]
        self.children = [c for c in self.children if c != ""]
        for c in self.children:
            if not isinstance(c, str):
                c.done()
        return self

    def key(self):
        return (self.name, self.attrs, tuple(c if isinstance(c, str) else c.key() for c in self.children))

    def __eq__(self, o):
        return isinstance(o, Node) and self.key() == o.key()

    def __hash__(self):
        return hash(self.key())

    def count(self, other):
        want = other.children if other.name is None else [other]
        n = 0
        for i in range(len(self.children) - len(want) + 1):
            n += all(
                (a in b if isinstance(a, str) and isinstance(b, str) else a == b)
                for a, b in zip(want, self.children[i : i + len(want)])
            )
        return n + sum(c.count(other) for c in self.children if not isinstance(c, str))

    def __repr__(self):
        return repr(self.key())


class _P(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Node(None)
        self.stack = [self.root]

    def handle_starttag(self, tag, attrs):
        n = Node(tag, attrs)
        self.stack[-1].add(n)
        if tag not in VOID:
            self.stack.append(n)

    def handle_startendtag(self, tag, attrs):
        self.stack[-1].add(Node(tag, attrs))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        for i in range(len(self.stack) - 1, 0, -1):
            if self.stack[i].name == tag:
                del self.stack[i:]
                return

    def handle_data(self, data):
        self.stack[-1].add(data)


def parse_html(html):
    p = _P()
    p.feed(str(html))
    p.close()
    return p.root.done()
