"""What is raised inside an application whose request has exceeded its deadline."""


class RequestTimeout(BaseException):
    """The request was answered with 504 by the server; what the application still says is discarded.

    Raised between two steps of Python code, wherever the thread stands; never inside a call that waits or
    computes in C (it is raised when that call returns), and never in the server's own code.  It is no
    `Exception`: code that retries after every `Exception` would go on for ever.  `finally` and `with` run
    as for any exception.  Let it pass, or catch it to clean up; there is nothing to answer.

    `timeout_interrupt = "never"` keeps it from being raised at all.
    """

    def __init__(self) -> None:
        super().__init__("the request has exceeded its deadline and was answered with 504")
