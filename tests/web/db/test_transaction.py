import asyncio
import contextlib
import threading

import pytest
import sqlalchemy as sa

from penstock.web import db
from penstock.web.core.exceptions import SynchronousOnlyOperation
from penstock.web.db import transaction
from penstock.web.db.session import TransactionManagementError
from penstock.web.db.standing import TransactionLostError


class BoomError(Exception):
    pass


def add(counter):
    db.session().add(counter())
    db.session().flush()


def test_block_that_ends_is_committed(counter, count) -> None:
    with transaction.atomic():
        add(counter)
        assert count() == 0
    assert count() == 1


def test_block_that_an_exception_leaves_is_rolled_back(counter, count) -> None:
    with pytest.raises(BoomError), transaction.atomic():
        add(counter)
        raise BoomError
    assert count() == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_block_that_no_ordinary_exception_leaves_is_rolled_back(counter, count, error) -> None:
    with pytest.raises(error), transaction.atomic():
        add(counter)
        raise error
    assert count() == 0


@pytest.mark.parametrize(
    "decorate", [transaction.atomic, transaction.atomic(), transaction.atomic("default")]
)
def test_decorated_function_runs_in_a_block_each_time(counter, count, decorate) -> None:
    @decorate
    def act(number):
        add(counter)
        assert transaction.in_atomic_block()
        return number

    assert [act(1), act(2)] == [1, 2]
    assert count() == 2


def test_inner_block_that_fails_takes_only_its_own_back(counter, count) -> None:
    with transaction.atomic():
        add(counter)
        with pytest.raises(BoomError), transaction.atomic():
            add(counter)
            raise BoomError
        add(counter)
    assert count() == 2


def test_outer_block_that_fails_takes_inner_ones_back(counter, count) -> None:
    with pytest.raises(BoomError), transaction.atomic():
        with transaction.atomic():
            add(counter)
        raise BoomError
    assert count() == 0


def test_inner_block_without_savepoint_that_fails_loses_the_outer_one(counter, count) -> None:
    with transaction.atomic():
        add(counter)
        with pytest.raises(BoomError), transaction.atomic(savepoint=False):
            raise BoomError
        assert transaction.get_rollback()
        with pytest.raises(TransactionLostError, match="expected none before the enclosing block ends"):
            add(counter)
    assert count() == 0
    with transaction.atomic():
        add(counter)
    assert count() == 1


def test_loss_before_the_first_statement_refuses_the_first_statement(counter) -> None:
    with transaction.atomic():
        with pytest.raises(BoomError), transaction.atomic(savepoint=False):
            raise BoomError
        with pytest.raises(TransactionLostError):
            add(counter)


def test_loss_within_a_savepoint_ends_with_it(counter, count) -> None:
    with transaction.atomic():
        with transaction.atomic():
            add(counter)
            with pytest.raises(BoomError), transaction.atomic(savepoint=False):
                raise BoomError
        add(counter)
    assert count() == 1


def test_block_with_rollback_set_is_rolled_back_without_an_exception(counter, count) -> None:
    with transaction.atomic():
        add(counter)
        transaction.set_rollback(True)
    assert count() == 0


def test_loss_that_is_taken_back_lets_statements_run_again(counter, count) -> None:
    with transaction.atomic():
        add(counter)
        with contextlib.suppress(BoomError), transaction.atomic(savepoint=False):
            raise BoomError
        transaction.set_rollback(False)
        add(counter)
    assert count() == 2


def test_rollback_may_be_set_within_blocks_alone(counter) -> None:
    with pytest.raises(TransactionManagementError, match="set_rollback outside"):
        transaction.set_rollback(True)


def test_durable_block_within_another_is_refused(counter) -> None:
    with transaction.atomic(durable=True):  # noqa: SIM117 - the second is what is tested
        with pytest.raises(RuntimeError, match="expected it to be the outermost"):
            with transaction.atomic(durable=True):
                pass


@pytest.mark.parametrize("what", ["commit", "rollback"])
def test_session_may_not_end_the_transaction_of_a_block(counter, count, what) -> None:
    with transaction.atomic():
        add(counter)
        with pytest.raises(TransactionManagementError, match=rf"{what}\(\) within transaction.atomic"):
            getattr(db.session(), what)()
    assert count() == 1


def test_block_after_uncommitted_changes_is_refused(counter, count) -> None:
    add(counter)
    with pytest.raises(TransactionManagementError, match="expected commit"), transaction.atomic():
        pass
    db.session().commit()
    with transaction.atomic():
        add(counter)
    assert count() == 2


def test_block_after_unflushed_changes_is_refused(counter) -> None:
    db.session().add(counter())
    with pytest.raises(TransactionManagementError, match="expected commit"), transaction.atomic():
        pass


def test_block_sees_what_others_wrote_since_the_session_read(counter, count) -> None:
    add(counter)
    db.session().commit()
    mine = db.session().get(counter, 1)
    assert mine.value == 0
    with db.engine().begin() as other:
        other.execute(sa.update(counter.__table__).values(value=5))
    with transaction.atomic():
        assert mine.value == 5
        mine.value += 1
    assert db.session().get(counter, 1).value == 6


def test_block_whose_commit_fails_is_rolled_back(counter, count) -> None:
    with pytest.raises(db.IntegrityError), transaction.atomic():
        db.session().add_all([counter(id=1), counter(id=1)])
    assert not db.session().in_transaction()
    assert count() == 0


def test_inner_block_whose_flush_fails_leaves_the_outer_one_usable(counter, count) -> None:
    with transaction.atomic():
        db.session().add(counter(id=1))
        with pytest.raises(db.IntegrityError), transaction.atomic():
            db.session().execute(sa.insert(counter).values(id=1))
        with pytest.raises(db.IntegrityError), transaction.atomic():
            db.session().add(counter(id=1))
        db.session().add(counter(id=2))
    assert count() == 2


def test_hooks_run_in_order_after_the_outermost_commit(counter, count) -> None:
    seen = []
    with transaction.atomic():
        add(counter)
        transaction.on_commit(lambda: seen.append(("first", count())))
        with transaction.atomic():
            transaction.on_commit(lambda: seen.append(("second", count())))
        transaction.on_commit(lambda: seen.append(("third", count())))
        assert seen == []
    assert seen == [("first", 1), ("second", 1), ("third", 1)]


def test_hooks_of_blocks_that_failed_do_not_run(counter) -> None:
    seen = []
    with transaction.atomic():
        with pytest.raises(BoomError), transaction.atomic():
            transaction.on_commit(lambda: seen.append("inner"))
            raise BoomError
        transaction.on_commit(lambda: seen.append("outer"))
    with pytest.raises(BoomError), transaction.atomic():
        transaction.on_commit(lambda: seen.append("lost"))
        raise BoomError
    with transaction.atomic():
        pass
    assert seen == ["outer"]


def test_hook_that_fails_stops_those_after_it_and_the_commit_stays(counter, count) -> None:
    seen = []

    def fail():
        raise BoomError

    with pytest.raises(BoomError), transaction.atomic():
        add(counter)
        transaction.on_commit(fail)
        transaction.on_commit(lambda: seen.append("after"))
    assert (seen, count()) == ([], 1)


def test_robust_hook_that_fails_is_logged_and_those_after_it_run(counter, said) -> None:
    seen = []

    def fail():
        raise BoomError

    with transaction.atomic():
        transaction.on_commit(fail, robust=True)
        transaction.on_commit(lambda: seen.append("after"))
    assert seen == ["after"]
    assert "failed after the commit" in said.text


def test_hook_may_begin_a_block_of_its_own(counter, count) -> None:
    with transaction.atomic():
        transaction.on_commit(transaction.atomic(lambda: add(counter)))
    assert count() == 1


def test_hook_outside_blocks_runs_at_once(counter) -> None:
    seen = []
    transaction.on_commit(lambda: seen.append(1))
    assert seen == [1]


def test_hook_outside_blocks_with_uncommitted_changes_is_refused(counter) -> None:
    add(counter)
    with pytest.raises(TransactionManagementError, match="expected atomic, or commit"):
        transaction.on_commit(print)


def test_hook_that_cannot_be_called_is_refused(counter) -> None:
    with pytest.raises(TypeError, match=r"on_commit\(5\); expected a function"):
        transaction.on_commit(5)


def test_block_on_an_event_loop_is_refused(counter) -> None:
    async def enter():
        with transaction.atomic():
            pass

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(enter())


def test_decorated_coroutine_function_is_refused() -> None:
    async def view(request):
        pass

    with pytest.raises(TypeError, match="expected a function"):
        transaction.atomic(view)


def test_two_threads_have_blocks_of_their_own(counter, count) -> None:
    blocks = []
    with transaction.atomic():
        thread = threading.Thread(target=lambda: blocks.append(transaction.in_atomic_block()))
        thread.start()
        thread.join()
    assert blocks == [False]


@pytest.mark.parametrize(
    ("decorate", "expected"),
    [
        (transaction.non_atomic_requests, {"default"}),
        (transaction.non_atomic_requests(), {"default"}),
        (transaction.non_atomic_requests(using="other"), {"other"}),
    ],
    ids=["bare", "called", "of-another"],
)
def test_exempt_view_says_of_which_database(decorate, expected) -> None:
    assert decorate(lambda request: None)._non_atomic_requests == expected


def test_view_may_be_exempt_for_several_databases() -> None:
    view = transaction.non_atomic_requests("other")(transaction.non_atomic_requests(lambda request: None))
    assert view._non_atomic_requests == {"default", "other"}


def test_block_whose_session_was_closed_says_so_at_its_end(counter, count) -> None:
    with pytest.raises(TransactionManagementError, match="was closed within"), transaction.atomic():
        add(counter)
        db.close_sessions()
    assert count() == 0


def test_exception_leaves_a_block_whose_session_was_closed_as_it_is(counter) -> None:
    with pytest.raises(BoomError), transaction.atomic():
        add(counter)
        db.close_sessions()
        raise BoomError
