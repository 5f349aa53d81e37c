"""Triggers that keep decisions and the audit trail from being changed, and the check of them.

Whoever owns the database can drop them; ``leukapp verify`` says so.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

APPEND_ONLY: Final = ("decisions", "audit_trail")
REFUSE: Final = " BEGIN RAISE EXCEPTION '% can only be added to', TG_TABLE_NAME; END "
REFUSE_OTHER_HEAD: Final = (
    " BEGIN IF NEW.n_rows IS DISTINCT FROM OLD.n_rows + 1 THEN RAISE EXCEPTION"
    " '% can only grow by one row', TG_TABLE_NAME; END IF; RETURN NEW; END "
)
FUNCTIONS: Final = {"refuse_change": REFUSE, "refuse_other_head": REFUSE_OTHER_HEAD}


def install_guards(connection: Connection) -> None:
    """Create every trigger, in place of those of earlier versions.

    Args:
        connection: in a transaction that may change the schema.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    for name, table in _present(connection):
        on_table = "" if is_sqlite else f" ON {table}"
        connection.execute(text(f"DROP TRIGGER {name}{on_table}"))
    if not is_sqlite:
        for name, body in FUNCTIONS.items():
            connection.exec_driver_sql(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
                f"AS $${body}$$".replace("%", "%%")
            )
    for statement in _expected(connection).values():
        connection.exec_driver_sql(statement)


def check_guards(connection: Connection) -> list[str]:
    """Give one sentence for each trigger that is missing or was changed.

    Args:
        connection: to the store.
    """
    expected = _expected(connection)
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        functions: Mapping[str, str] = {}
    else:
        query = (
            "SELECT tgname, CASE tgenabled WHEN 'O' THEN pg_get_triggerdef(oid, true) END "
            "FROM pg_trigger WHERE NOT tgisinternal"
        )
        bodies = "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'refuse%'"
        functions = dict(connection.execute(text(bodies)).tuples().all())
        functions = {name: functions.get(name, "") for name in FUNCTIONS}
    found: dict[str, str] = dict(connection.execute(text(query)).tuples().all())
    faults = [
        f"the guard {name} is missing or was changed"
        for name, statement in expected.items()
        if found.get(name) != statement
    ]
    faults += [
        f"the guard {name} was changed"
        for name, body in functions.items()
        if body != FUNCTIONS[name]
    ]
    return faults + [
        f"the guard {name} is none of ours" for name in sorted(set(found) - set(expected))
    ]


def _present(connection: Connection) -> list[tuple[str, str]]:
    """Names and tables of the triggers that are there."""
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal"
    )
    return [(name, table) for name, table in connection.execute(text(query)).tuples()]


def _expected(connection: Connection) -> dict[str, str]:
    """Name to the statement that makes the guard, written as the database gives it back."""
    return _sqlite_guards() if connection.dialect.name == "sqlite" else _postgres_guards()


def _sqlite_guards() -> dict[str, str]:
    def guard(name: str, when: str, table: str, condition: str = "") -> tuple[str, str]:
        return name, (
            f"CREATE TRIGGER {name} BEFORE {when} ON {table} {condition}"
            f"BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END"
        )

    # SQLite does not call a replaced row deleted, so what would replace one is stopped as it comes.
    return dict(
        [
            *(
                guard(f"{table}_no_{verb.lower()}", verb, table)
                for table in APPEND_ONLY
                for verb in ("UPDATE", "DELETE")
            ),
            guard(
                "decisions_no_replace",
                "INSERT",
                "decisions",
                "WHEN EXISTS (SELECT 1 FROM decisions WHERE id = NEW.id "
                "OR takes_back = NEW.takes_back) ",
            ),
            guard(
                "audit_trail_no_replace",
                "INSERT",
                "audit_trail",
                "WHEN EXISTS (SELECT 1 FROM audit_trail WHERE sequence = NEW.sequence) ",
            ),
            guard("audit_head_no_delete", "DELETE", "audit_head"),
            guard(
                "audit_head_no_replace",
                "INSERT",
                "audit_head",
                "WHEN EXISTS (SELECT 1 FROM audit_head) ",
            ),
            guard(
                "audit_head_only_grows",
                "UPDATE",
                "audit_head",
                "WHEN NEW.n_rows IS NOT OLD.n_rows + 1 ",
            ),
        ]
    )


def _postgres_guards() -> dict[str, str]:
    statements = {
        f"{table}_append_only": f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR UPDATE OR "
        f"TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in APPEND_ONLY
    }
    return statements | {
        "audit_head_no_delete": "CREATE TRIGGER audit_head_no_delete BEFORE DELETE OR TRUNCATE ON "
        "audit_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        "audit_head_only_grows": "CREATE TRIGGER audit_head_only_grows BEFORE UPDATE ON "
        "audit_head FOR EACH ROW EXECUTE FUNCTION refuse_other_head()",
    }
