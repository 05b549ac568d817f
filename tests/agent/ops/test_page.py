import json

from penstock.agent.ops.page import JSONPage, answer_from
from penstock.protocol import RequestHead


def test_costly_page_takes_a_tenth_of_the_time_at_most(now) -> None:
    made = []

    def report():
        now.pass_s(0.25)
        made.append(now())
        return {"made": len(made)}

    page = JSONPage(report, now)

    def read():
        return json.loads(page.answer(RequestHead(path="/")).body)["made"]

    assert read() == 1
    now.pass_s(2.0)
    assert read() == 1
    now.pass_s(0.25)
    assert read() == 2


def test_page_that_cannot_be_made_is_an_error_of_that_page_alone() -> None:
    def fail(head):
        raise ZeroDivisionError("by nothing")

    answer = answer_from({"/": fail}, RequestHead(path="/", method="GET"))
    assert (answer.status, answer.body) == ("500 Internal Server Error", b"ZeroDivisionError: by nothing\n")
